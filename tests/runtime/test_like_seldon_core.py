"""The same model and the same requests, answered by seldon-core 1.17.1 and by us.

Every difference is wanted, and listed here and in docs/compatibility.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.runtime.contract_requests import CALLS, PATHS, PLACES, SERVICES, Question, questions
from tests.runtime.peer import run_with_seldon_core, serving_with_seldon_core
from tests.served import Reply, Server, serving

pytestmark = pytest.mark.network
MODEL = Path(__file__).parents[1] / "models/contract/Model.py"
ASK = Path(__file__).with_name("ask_with_seldon_core.py")
UNIT = {"PREDICTIVE_UNIT_ID": "unit", "PREDICTIVE_UNIT_IMAGE": "image:2"}
RETURNED = tuple(re.findall(r'^    "([\w -]+)": lambda', MODEL.read_text().split("ROUTES")[0], re.MULTILINE))
QUESTIONS = {question.name: question for question in questions(RETURNED)}
# What we answer in another way, and why; the names are patterns.
ONCE = "a TypeError inside the model is its failure; the model does not run a second time"
NO_PREDICT = "a model without predict is told so, not answered with nothing"
TFTENSOR = "tftensor needs no TensorFlow"
SCALAR = "an array of no dimensions is a tensor, for want of a list"
NUMPY_ROUTE = "a branch may be numpy's integer"
# Of a route only these differ: what is no branch is refused by both.
ROUTES = {
    "route returning ints": NUMPY_ROUTE,
    "route ints with extras": NUMPY_ROUTE,
    "route returning raise type error": ONCE,
    "route returning *": "",
}
CLIENTS_FAULT = "what no array can be is the client's fault: 400, not 500"
UNWRITABLE = "what no message can carry is answered as such: 400, not 500"
LIKE_THE_REST = "a feedback is answered as other methods are: names, whole numbers, text as it is"
# Lists of one dimension: seldon-core leaves empty names out, and makes floats of all numbers.
FLAT = (
    *("one-dimensional", "empty", "list of ints", "list of texts", "list of dicts", "list with none"),
    *("list of numpy scalars", "mixed list", "empty list", "list of an empty list", "none"),
    *("response of nothing", "not implemented", "bytearray", "dict with int keys", "nought-dimensional"),
)
REFUSED = ("float", "int", "bool", "numpy scalar", "tuple", "set")
REST_DEVIATIONS: Mapping[str, str] = {
    **ROUTES,
    "* tftensor": TFTENSOR,
    "* tensor that does not fill": CLIENTS_FAULT,
    "* tensor without shape": CLIENTS_FAULT,
    "* ragged ndarray": CLIENTS_FAULT,
    "feedback ragged": CLIENTS_FAULT,
    "* data null": CLIENTS_FAULT,
    "* data a list": "data is an object",
    "* binData no base64": "binData is base64, whole",
    "* meta null": "null is no meta",
    "aggregate none": CLIENTS_FAULT,
    "*float32*": "a float32 is the shortest decimal that is read back as it",
    "*nan*": "NaN and infinities are null: the answer is JSON",
    "*dates*": "dates are ISO 8601",
    "*dict with a date*": "dates are ISO 8601",
    "*huge ints*": "a whole number has 64 bits",
    "predict matrix for tensor": "a tensor's values are a flat list",
    "predict matrix for text": "a tensor's values are a flat list",
    "aggregate returning matrix": "a tensor's values are a flat list",
    "*complex*": UNWRITABLE,
    "*bytes array*": UNWRITABLE,
    "*ragged list*": "a ragged list goes back as it is",
    "*dict with numpy*": "numpy's values are numbers and lists",
    "predict list of arrays for ndarray": "numpy's values are numbers and lists",
    "predict list of numpy scalars for ndarray": "numpy's values are numbers and lists",
    "transform_input returning list of arrays": "numpy's values are numbers and lists",
    "transform_input returning list of numpy scalars": "numpy's values are numbers and lists",
    "predict raise type error for *": ONCE,
    "transform_input returning raise type error": ONCE,
    "predict not implemented for *": NO_PREDICT,
    "feedback reward text": "a reward is a number",
    "feedback unknown field within": "what is unknown within a message is left alone, as by predict",
    **{f"feedback returning {what}": LIKE_THE_REST for what in FLAT},
    **{f"feedback returning {what}": UNWRITABLE for what in REFUSED},
}
GRPC_DEVIATIONS: Mapping[str, str] = {
    **ROUTES,
    "* tftensor": TFTENSOR,
    "* tensor without shape": "a shape of no dimensions has one value",
    "predict nought-dimensional for ndarray": SCALAR,
    "transform_input returning nought-dimensional": SCALAR,
    "feedback returning nought-dimensional": SCALAR,
    "*dates*": "dates are ISO 8601 text, as over REST",
    "*dict with a date*": "dates are ISO 8601 text, as over REST",
    "*mixed list*": "the values of a mixed list keep their types, as over REST",
    "*ragged list*": "a ragged list goes back as it is",
    "*bytearray*": "a bytearray is bytes, as over REST",
    "*dict with numpy*": "numpy's values in a dict are numbers and lists",
    "*dict with int keys*": "keys are written as text, as over REST",
    "predict raise type error for *": ONCE,
    "transform_input returning raise type error": ONCE,
    "predict not implemented for *": NO_PREDICT,
}
PLACE_DEVIATIONS: Mapping[str, str] = {
    "/nowhere": "404 is 404",
    "/": "404 is 404",
    "/api/v1.0/predictions": "405 is 405",
}


Both: TypeAlias = tuple[Any, Any]


@dataclass(frozen=True)
class Answers:
    """What seldon-core and we said to each question, by its name."""

    rest: Mapping[str, Both]
    places: Mapping[str, Both]
    grpc: Mapping[str, Both]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    folders = [tmp_path_factory.mktemp(name) for name in ("theirs", "ours")]
    code = MODEL.read_text()
    with (
        serving_with_seldon_core(folders[0], code, UNIT) as theirs,
        # The tracebacks of all that is asked would fill the pipe that nobody reads meanwhile.
        serving(folders[1], code, {**UNIT, "SELDON_LOG_LEVEL": "CRITICAL"}) as ours,
    ):
        both = (theirs, ours)
        rest = {name: _told(both, each) for name, each in QUESTIONS.items()}
        places = {place: _got(both, place) for place in PLACES}
        calls = [(CALLS[each.method], each.document) for each in QUESTIONS.values()]
        asked = {
            "ports": [server.grpc_port for server in both],
            "questions": [*calls, *SERVICES.items()],
        }
        replies = run_with_seldon_core(ASK, asked=asked)
    named = zip((*QUESTIONS, *SERVICES), replies, strict=True)
    return Answers(rest, places, {name: (coded(theirs), coded(ours)) for name, (theirs, ours) in named})


def _told(both: tuple[Server, Server], question: Question) -> Both:
    path = PATHS[question.method]
    theirs, ours = (said(server.ask(question.document, path)) for server in both)
    return theirs, ours


def _got(both: tuple[Server, Server], place: str) -> Both:
    theirs, ours = (said(server.request("GET", place)) for server in both)
    return theirs, ours


def said(reply: Reply) -> tuple[int, object]:
    """Return what a client sees; of an error its status and reason, its words are ours."""
    try:
        document = json.loads(reply.body)
    except ValueError:
        return reply.status, reply.body.decode()
    status = document.get("status") if isinstance(document, dict) else None
    return reply.status, status["reason"] if status else document


def coded(answer: Any) -> Any:
    """Leave the code out: seldon-core knows but UNKNOWN."""
    return "an error" if isinstance(answer, dict) and "code" in answer else answer


def reason(name: str, deviations: Mapping[str, str]) -> str:
    return next((why for pattern, why in deviations.items() if fnmatchcase(name, pattern)), "")


@pytest.mark.parametrize("name", QUESTIONS)
def test_rest_answers_as_seldon_core_or_has_a_reason(name: str, answers: Answers) -> None:
    theirs, ours = answers.rest[name]

    assert (theirs != ours) == bool(reason(name, REST_DEVIATIONS)), f"{theirs}\n{ours}"


@pytest.mark.parametrize("place", PLACES)
def test_a_place_answers_as_seldon_cores_or_has_a_reason(place: str, answers: Answers) -> None:
    theirs, ours = answers.places[place]

    assert (theirs != ours) == bool(reason(place, PLACE_DEVIATIONS)), f"{theirs}\n{ours}"


@pytest.mark.parametrize("name", [*QUESTIONS, *SERVICES])
def test_grpc_answers_as_seldon_core_or_has_a_reason(name: str, answers: Answers) -> None:
    theirs, ours = answers.grpc[name]

    assert (theirs != ours) == bool(reason(name, GRPC_DEVIATIONS)), f"{theirs}\n{ours}"


@pytest.mark.parametrize("deviations", [REST_DEVIATIONS, GRPC_DEVIATIONS, PLACE_DEVIATIONS])
def test_every_deviation_is_of_some_question(deviations: Mapping[str, str]) -> None:
    names = [*QUESTIONS, *SERVICES, *PLACES]

    assert [each for each in deviations if not any(fnmatchcase(name, each) for name in names)] == []
