"""Raw methods, the base class and parameters, as seldon-core 1.17.1 has them and as we do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.contract_requests import CALLS, NDARRAY, PATHS, TENSOR
from tests.runtime.peer import run_with_seldon_core, serving_with_seldon_core
from tests.runtime.test_like_seldon_core import ASK, Both, coded, said
from tests.served import serving

pytestmark = pytest.mark.network
MODEL = Path(__file__).parents[1] / "models/contract_raw/Model.py"
PARAMETERS = [
    {"name": "rate", "value": "0.5", "type": "FLOAT"},
    {"name": "name", "value": "x", "type": "STRING"},
    {"name": "flag", "value": "yes", "type": "BOOL"},
    {"name": "count", "value": "3", "type": "INT"},
]
VARIABLES = {
    "PREDICTIVE_UNIT_PARAMETERS": json.dumps(PARAMETERS),
    "INCLUDE_METRICS_IN_CLIENT_RESPONSE": "false",
    "MODEL_METADATA": "name: written\nversions: [v1]\nplatform: here",
}
WORDS = ("leave it", "fail", "refuse", "status", "metrics", "made", "empty", "anything")
UPSTREAM = {"metrics": [{"key": "up", "type": "GAUGE", "value": 1.0}], "tags": {"b": 2.0}, "puid": "p"}
QUESTIONS: Mapping[str, tuple[str, Any]] = {
    **{f"predict {word}": ("predict", {"strData": word}) for word in WORDS},
    **{f"predict {word} with meta": ("predict", {"strData": word, "meta": UPSTREAM}) for word in WORDS},
    "predict data": ("predict", {**NDARRAY, "meta": {"tags": {"a": "b"}}}),
    "transform_input": ("transform_input", NDARRAY),
    "transform_output": ("transform_output", {**NDARRAY, "meta": UPSTREAM}),
    "route": ("route", NDARRAY),
    "aggregate": ("aggregate", {"seldonMessages": [NDARRAY, TENSOR]}),
    "aggregate bare": ("aggregate", [NDARRAY, TENSOR]),
    "feedback": ("send_feedback", {"request": NDARRAY, "reward": 0.5, "truth": TENSOR}),
    "feedback of nothing": ("send_feedback", {}),
    "feedback unknown": ("send_feedback", {"other": 1}),
}
PLACES = ("/health/status", "/metadata")


@dataclass(frozen=True)
class Answers:
    """What seldon-core and we said."""

    rest: Mapping[str, Both]
    grpc: Mapping[str, Both]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    folders = [tmp_path_factory.mktemp(name) for name in ("theirs", "ours")]
    code = MODEL.read_text()
    with (
        serving_with_seldon_core(folders[0], code, VARIABLES) as theirs,
        serving(folders[1], code, {**VARIABLES, "SELDON_LOG_LEVEL": "CRITICAL"}) as ours,
    ):
        servers = (theirs, ours)
        rest = {
            name: [said(server.ask(document, PATHS[method])) for server in servers]
            for name, (method, document) in QUESTIONS.items()
        }
        rest |= {place: [said(server.request("GET", place)) for server in servers] for place in PLACES}
        asked = {
            "ports": [server.grpc_port for server in servers],
            "questions": [
                *((CALLS[method], document) for method, document in QUESTIONS.values()),
                ("Model.Metadata", {}),
            ],
        }
        replies = run_with_seldon_core(ASK, asked=asked)
    names = (*QUESTIONS, "Model.Metadata")
    grpc = {name: [coded(each) for each in pair] for name, pair in zip(names, replies, strict=True)}
    return Answers(_pairs(rest), _pairs(grpc))


def _pairs(found: Mapping[str, list[Any]]) -> Mapping[str, Both]:
    return {name: (theirs, ours) for name, (theirs, ours) in found.items()}


@pytest.mark.parametrize("name", [*QUESTIONS, *PLACES])
def test_rest_answers_as_seldon_core(name: str, answers: Answers) -> None:
    theirs, ours = answers.rest[name]

    assert ours == theirs


@pytest.mark.parametrize("name", [*QUESTIONS, "Model.Metadata"])
def test_grpc_answers_as_seldon_core(name: str, answers: Answers) -> None:
    theirs, ours = answers.grpc[name]

    assert ours == theirs
