"""Methods that take the document itself."""

# Models are written here as their authors write them.
# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
# ruff: noqa: ARG002
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from seldon_runtime.component.unit import Unit
from seldon_runtime.message import Kind
from seldon_runtime.request_errors import ModelFailed

from tests.runtime.asked import Asked, Noted, answered, component_of

if TYPE_CHECKING:
    from nowhere import OnlyForTypeCheckers  # type: ignore[import-not-found]

DOCUMENT = {"data": {"ndarray": [1]}}
METRIC = {"type": "COUNTER", "key": "k", "value": 1}


class SeldonNotImplementedError(Exception):
    pass


class AProtobuf:
    """What tells a class of messages from others."""

    DESCRIPTOR = object()


def raw(self, document):
    return {"raw": document}


def never(self, *_):
    raise AssertionError("nobody asks it")


@pytest.mark.parametrize("method", ["predict", "transform_input", "transform_output", "route", "aggregate"])
@pytest.mark.parametrize("is_protobuf", [True, False])
def test_a_raw_method_gets_and_gives_the_document(method: str, is_protobuf: bool) -> None:
    model = type("Model", (), {f"{method}_raw": raw, method: never})()
    answer = answered(model, method, Asked(document=DOCUMENT, is_protobuf=is_protobuf))

    assert (answer.payload, answer.kind) == ({"raw": DOCUMENT}, Kind.RAW)


def test_a_raw_health_gets_nothing() -> None:
    class Model:
        def health_status_raw(self):
            return {"strData": "raw"}

    assert answered(Model(), "health_status").payload == {"strData": "raw"}


@pytest.mark.parametrize("is_async", [True, False])
def test_a_raw_method_that_is_not_implemented_leaves_it_to_the_other(is_async: bool) -> None:
    def no(self, document):
        raise SeldonNotImplementedError

    async def later(self, document):
        raise SeldonNotImplementedError

    model = type("Model", (), {"predict_raw": later if is_async else no, "predict": lambda _, x: x * 2})

    assert np.asarray(answered(model(), "predict").payload).tolist() == [[2.0, 4.0]]


def test_a_raw_method_that_fails_is_not_followed_by_the_other() -> None:
    def fail(self, document):
        raise TypeError("raw")

    model = type("Model", (), {"predict_raw": fail, "predict": never})

    with pytest.raises(ModelFailed, match="raw"):
        answered(model(), "predict")


@pytest.mark.parametrize(
    ("endings", "rest", "grpc"),
    [
        (("raw",), "raw", "raw"),
        (("rest", "grpc", "raw"), "rest", "grpc"),
        (("rest", "raw"), "rest", "raw"),
        (("grpc", "raw"), "raw", "grpc"),
    ],
)
def test_predicts_older_forms_are_chosen_by_the_protocol(endings: Any, rest: str, grpc: str) -> None:
    model = saying("predict", endings)

    assert answered(model, "predict", Asked(is_protobuf=False)).payload == {"said": rest}
    assert answered(model, "predict", Asked(is_protobuf=True)).payload == {"said": grpc}


@pytest.mark.parametrize(
    ("endings", "wins"),
    [(("raw",), "raw"), (("rest", "grpc", "raw"), "rest"), (("grpc", "raw"), "grpc")],
)
@pytest.mark.parametrize("is_protobuf", [True, False])
def test_of_the_others_older_forms_rest_wins(endings: Any, wins: str, is_protobuf: bool) -> None:
    model = saying("route", endings)

    assert answered(model, "route", Asked(is_protobuf=is_protobuf)).payload == {"said": wins}


def saying(method: str, endings: Any) -> object:
    def say(ending: str) -> Any:
        return lambda *_: {"said": ending}

    return type("Model", (), {f"{method}_{ending}": say(ending) for ending in endings})()


def test_an_annotated_raw_method_gets_protobuf() -> None:
    class Model:
        def predict_raw(self, message: AProtobuf) -> OnlyForTypeCheckers:
            return {}

        def route_raw(self, message: dict) -> dict:  # type: ignore[type-arg]
            return {}

        def aggregate_raw(self, message: OnlyForTypeCheckers) -> dict:  # type: ignore[type-arg]
            return {}

    wanted = []
    for method in ("predict", "route", "aggregate"):
        asked = Asked()
        answered(Model(), method, asked)
        wanted.append(asked.wanted)

    assert wanted == [AProtobuf, None, None]


# Feedback


@pytest.mark.parametrize("ending", ["raw", "grpc"])
def test_raw_feedback_always_gets_protobuf_and_counts_the_reward(ending: str) -> None:
    from seldon_runtime.proto.messages import FEEDBACK, known_class

    model = type("Model", (), {f"send_feedback_{ending}": raw, "send_feedback": never})
    noted, asked = Noted(), Asked(document=FEEDBACK(reward=0.5))
    component_of(model(), Unit(), noted).methods["send_feedback"].call(asked)

    assert asked.wanted is known_class("Feedback")
    assert noted.rewards == [0.5]


@pytest.mark.parametrize("is_protobuf", [True, False])
def test_the_older_rest_feedback_gets_text(is_protobuf: bool) -> None:
    from seldon_runtime.proto.messages import FEEDBACK

    class Model:
        def send_feedback_rest(self, text):
            return {"read": json.loads(text)["reward"]}

    document = FEEDBACK(reward=0.5) if is_protobuf else {"reward": 0.5}
    noted = Noted()
    method = component_of(Model(), Unit(), noted).methods["send_feedback"]
    answer = method.call(Asked(document=document, is_protobuf=is_protobuf))

    assert answer.payload == {"read": 0.5}
    assert noted.rewards == [0.5]


@pytest.mark.parametrize("reward", [None, "much", []])
def test_a_raw_reward_that_is_no_number_counts_for_nothing(reward: object) -> None:
    noted = Noted()
    model = type("Model", (), {"send_feedback_raw": raw})()
    asked = Asked(document={"reward": reward})
    component_of(model, Unit(), noted).methods["send_feedback"].call(asked)

    assert noted.rewards == []


# Metrics


def measured(returned: Any, unit: Unit) -> tuple[list[tuple[str, dict[str, object]]], Any]:
    noted = Noted()
    model = type("Model", (), {"predict_raw": lambda *_: returned})()
    answer = component_of(model, unit, noted).methods["predict"].call(Asked())
    return noted.metrics, answer.payload


def test_the_metrics_of_a_raw_answer_are_recorded_if_they_are_any() -> None:
    returned = {"meta": {"metrics": [METRIC, {"key": "no type"}, 3]}}

    assert measured(returned, Unit()) == ([("predict", METRIC)], returned)


def test_clients_need_not_see_the_metrics_of_a_raw_answer() -> None:
    returned = {"strData": "x", "meta": {"puid": "1", "metrics": [METRIC]}}
    metrics, payload = measured(returned, Unit(metrics_in_answers=False))

    assert metrics == [("predict", METRIC)]
    assert payload == {"strData": "x", "meta": {"puid": "1"}}


@pytest.mark.parametrize("returned", [{}, {"meta": None}, {"meta": {"metrics": 3}}, [1], "text", None])
def test_an_odd_raw_answer_has_no_metrics(returned: object) -> None:
    assert measured(returned, Unit()) == ([], returned)


@pytest.mark.parametrize("shown", [True, False])
def test_the_metrics_of_a_protobuf_answer_are_recorded(shown: bool) -> None:
    from seldon_runtime.proto.messages import SELDON_MESSAGE

    returned: Any = SELDON_MESSAGE(strData="x")
    returned.meta.metrics.add(key="k", type="GAUGE", value=2.0)
    metrics, payload = measured(returned, Unit(metrics_in_answers=shown))

    assert metrics == [("predict", {"type": "GAUGE", "key": "k", "value": 2.0, "tags": {}})]
    assert (payload.strData, len(payload.meta.metrics)) == ("x", int(shown))
