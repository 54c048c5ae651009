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
from tests.runtime.contract_ways import WAYS, Way
from tests.runtime.deviations import (
    GRPC_DEVIATIONS,
    PLACE_DEVIATIONS,
    REST_DEVIATIONS,
    WAY_DEVIATIONS,
    reason,
)
from tests.runtime.peer import run_with_seldon_core, serving_with_seldon_core
from tests.served import Reply, Server, serving

pytestmark = pytest.mark.network
MODEL = Path(__file__).parents[1] / "models/contract/Model.py"
ASK = Path(__file__).with_name("ask_with_seldon_core.py")
UNIT = {"PREDICTIVE_UNIT_ID": "unit", "PREDICTIVE_UNIT_IMAGE": "image:2"}
RETURNED = tuple(re.findall(r'^    "([\w -]+)": lambda', MODEL.read_text().split("ROUTES")[0], re.MULTILINE))
QUESTIONS = {question.name: question for question in questions(RETURNED)}

Both: TypeAlias = tuple[Any, Any]


@dataclass(frozen=True)
class Answers:
    """What seldon-core and we said to each question, by its name."""

    rest: Mapping[str, Both]
    ways: Mapping[str, Both]
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
        ways = {name: _sent(both, way) for name, way in WAYS.items()}
        places = {place: _got(both, place) for place in PLACES}
        calls = [(CALLS[each.method], each.document) for each in QUESTIONS.values()]
        asked = {
            "ports": [server.grpc_port for server in both],
            "questions": [*calls, *SERVICES.items()],
        }
        replies = run_with_seldon_core(ASK, asked=asked)
    named = zip((*QUESTIONS, *SERVICES), replies, strict=True)
    return Answers(rest, ways, places, {name: (coded(theirs), coded(ours)) for name, (theirs, ours) in named})


def _told(both: tuple[Server, Server], question: Question) -> Both:
    path = PATHS[question.method]
    theirs, ours = (said(server.ask(question.document, path)) for server in both)
    return theirs, ours


def _sent(both: tuple[Server, Server], way: Way) -> Both:
    theirs, ours = (said(server.request(way.method, way.path, way.body, way.headers)) for server in both)
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
    status = document.get("status", {}) if isinstance(document, dict) else {}
    return reply.status, status.get("reason", document)


def coded(answer: Any) -> Any:
    """Leave the code out: seldon-core knows but UNKNOWN."""
    return "an error" if isinstance(answer, dict) and "code" in answer else answer


@pytest.mark.parametrize("name", QUESTIONS)
def test_rest_answers_as_seldon_core_or_has_a_reason(name: str, answers: Answers) -> None:
    theirs, ours = answers.rest[name]

    assert (theirs != ours) == bool(reason(name, REST_DEVIATIONS)), f"{theirs}\n{ours}"


@pytest.mark.parametrize("name", WAYS)
def test_a_message_may_come_in_all_ways_of_seldon_core_or_has_a_reason(name: str, answers: Answers) -> None:
    theirs, ours = answers.ways[name]

    assert (theirs != ours) == bool(reason(name, WAY_DEVIATIONS)), f"{theirs}\n{ours}"


@pytest.mark.parametrize("place", PLACES)
def test_a_place_answers_as_seldon_cores_or_has_a_reason(place: str, answers: Answers) -> None:
    theirs, ours = answers.places[place]

    assert (theirs != ours) == bool(reason(place, PLACE_DEVIATIONS)), f"{theirs}\n{ours}"


@pytest.mark.parametrize("name", [*QUESTIONS, *SERVICES])
def test_grpc_answers_as_seldon_core_or_has_a_reason(name: str, answers: Answers) -> None:
    theirs, ours = answers.grpc[name]

    assert (theirs != ours) == bool(reason(name, GRPC_DEVIATIONS)), f"{theirs}\n{ours}"


@pytest.mark.parametrize("deviations", [REST_DEVIATIONS, WAY_DEVIATIONS, GRPC_DEVIATIONS, PLACE_DEVIATIONS])
def test_every_deviation_is_of_some_question(deviations: Mapping[str, str]) -> None:
    names = [*QUESTIONS, *WAYS, *SERVICES, *PLACES]

    assert [each for each in deviations if not any(fnmatchcase(name, each) for name in names)] == []
