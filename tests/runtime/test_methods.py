"""What each method of the contract is given and what becomes of its answer."""

# Models are written here as their authors write them.
# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="misc"
# ruff: noqa: ARG002, N803
from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from seldon_runtime.component.response import SeldonResponse
from seldon_runtime.component.unit import Unit
from seldon_runtime.message import Feedback, Kind, Message
from seldon_runtime.request_errors import AnswerInvalid, ModelFailed, PayloadInvalid

from tests.runtime.asked import Asked, Noted, answered, component_of, rows

ROW = np.array([[1.0, 2.0]])
NOTHING = Message(np.array([]), Kind.NDARRAY)


class Echo:
    """Returns what it was told to, and remembers what it was given."""

    def __init__(self, returned: object = None) -> None:
        self.returned = returned
        self.given: tuple[Any, ...] = ()

    def predict(self, X, names, meta):
        self.given = (X, names, meta)
        return X if self.returned is None else self.returned

    route = transform_input = predict


def returning(value: object) -> Any:
    return answered(Echo(value), "predict")


def test_a_method_is_given_payload_names_and_meta() -> None:
    model, meta = Echo(), {"puid": "1"}
    answered(model, "predict", Asked(Message(ROW, Kind.TENSOR, ["a", "b"], meta)))

    assert (model.given[0] is ROW, *model.given[1:]) == (True, ["a", "b"], meta)


@pytest.mark.parametrize("kind", list(Kind))
def test_an_answer_is_of_its_requests_kind(kind: Kind) -> None:
    assert answered(Echo(), "predict", Asked(Message(ROW, kind))).kind is kind


@pytest.mark.parametrize("value", ["text", b"bytes", {"a": 1}, [1, "b"], 3.5, None, (1, 2)])
def test_whatever_is_returned_is_the_codecs_to_write(value: object) -> None:
    class Returning:
        def predict(self, X):
            return value

    assert answered(Returning(), "predict").payload is value


# class_names


@pytest.mark.parametrize("names", [["no", "yes"], ("no", "yes"), np.array(["no", "yes"])])
def test_class_names_may_be_an_attribute_or_a_method(names: object) -> None:
    class Attribute(Echo):
        class_names = names

    class Method(Echo):
        def class_names(self):
            return names

    class Property(Echo):
        @property
        def class_names(self):
            return names

    class Later(Echo):
        async def class_names(self):
            return names

    for model in (Attribute(), Method(), Property(), Later()):
        assert answered(model, "predict").names == ["no", "yes"]


def test_class_names_may_take_the_input() -> None:
    class Model(Echo):
        def class_names(self, X):
            return [f"column {value}" for value in X[0]]

    assert answered(Model(), "predict").names == ["column 1.0", "column 2.0"]


def test_class_names_that_the_model_learns_as_it_goes_are_seen() -> None:
    class Learning:
        def predict(self, X):
            self.class_names = ["late"]
            return X

    assert answered(Learning(), "predict").names == ["late"]


@pytest.mark.parametrize("names", [None, False])
def test_without_class_names_the_codec_numbers_the_columns(names: object) -> None:
    model: object = Echo() if names is False else type("Model", (Echo,), {"class_names": names})()

    assert answered(model, "predict").names is None


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (np.zeros((2, 2)), True),
        (np.zeros((2, 2, 2)), True),
        ([[1, 2], [3, 4]], True),
        ([(1, 2), (3, 4)], True),
        ([np.zeros(2), np.zeros(2)], True),
        (np.zeros(2), False),
        (np.array(3), False),
        ([1, 2], False),
        ([], False),
        ("text", False),
        ({"a": 1}, False),
    ],
)
def test_only_columns_are_named(value: object, named: bool) -> None:
    class Named(Echo):
        class_names = ("a", "b")

    assert answered(Named(value), "predict").names == (["a", "b"] if named else None)


# transform_input of an outlier detector


@pytest.mark.parametrize(
    ("score", "tag"), [(np.float64(0.5), 0.5), (0.5, 0.5), (np.array([0.1, 0.2]), [0.1, 0.2]), (3, 3)]
)
def test_an_outlier_detectors_score_is_a_tag_of_the_unchanged_data(score: object, tag: object) -> None:
    class Detector:
        def score(self, X, names):
            return score

    class Later:
        async def score(self, X):
            await asyncio.sleep(0)
            return score

    for detector in (Detector(), Later()):
        answer = answered(detector, "transform_input")
        assert rows(answer) == [[1.0, 2.0]]
        assert answer.meta == {"tags": {"outlierScore": tag}}


def test_a_detectors_own_transform_input_wins_over_its_score() -> None:
    class Detector(Echo):
        def score(self, X):
            raise AssertionError("nobody asks it")

    assert answered(Detector(), "transform_input").meta == {}


# route


@pytest.mark.parametrize(
    ("branch", "wanted"),
    [(0, 0), (-1, -1), (np.int64(2), 2), (np.int32(2), 2), (True, 1), (np.bool_(True), 1), (np.array(2), 2)],
)
def test_a_route_is_any_whole_number(branch: object, wanted: int) -> None:
    answer = answered(Echo(branch), "route")

    assert rows(answer) == [[wanted]]
    assert np.asarray(answer.payload).dtype == np.int64
    assert answer.names is None


@pytest.mark.parametrize("branch", [1.0, "1", [1], np.float64(1), np.array([1, 2]), {}])
def test_a_route_that_is_none_is_refused(branch: object) -> None:
    with pytest.raises(AnswerInvalid, match=r"route\(\) must return an int, the branch, not"):
        answered(Echo(branch), "route")


def test_a_route_may_come_with_tags_and_keeps_only_the_puid() -> None:
    meta = {"puid": "7", "tags": {"a": 1}, "requestPath": {"b": "c"}, "metrics": [{}], "routing": {"x": 1}}
    asked = Asked(Message(ROW, Kind.NDARRAY, [], meta))

    answer = answered(Echo(SeldonResponse(1, tags={"why": "so"})), "route", asked)

    assert rows(answer) == [[1]]
    assert answer.meta == {"puid": "7", "tags": {"why": "so"}}


# aggregate


class Combiner:
    def __init__(self) -> None:
        self.given: tuple[Any, ...] = ()

    def aggregate(self, features_list, feature_names_list):
        self.given = (features_list, feature_names_list)
        return features_list[-1]


def test_an_aggregate_is_given_lists_and_merges_meta() -> None:
    metric = {"type": "COUNTER", "key": "k", "value": 1}
    messages = [
        Message(ROW, Kind.TENSOR, ["a", "b"], {"puid": "1", "tags": {"x": 1, "y": 1}, "metrics": [metric]}),
        Message("text", Kind.TEXT, [], None),
        Message(
            ROW * 2,
            Kind.NDARRAY,
            ["c"],
            {"puid": "2", "tags": {"x": 2}, "requestPath": {"m": "i"}, "metrics": [metric]},
        ),
    ]
    model = Combiner()
    answer = answered(model, "aggregate", Asked(several=messages))

    assert [type(item) for item in model.given[0]] == [np.ndarray, str, np.ndarray]
    assert model.given[1] == [["a", "b"], [], ["c"]]
    assert answer.kind is Kind.TENSOR
    assert answer.meta == {
        "puid": "1",
        "tags": {"x": 2, "y": 1},
        "requestPath": {"m": "i"},
        "metrics": [metric, metric],
    }


def test_an_aggregate_of_nothing_is_refused() -> None:
    with pytest.raises(PayloadInvalid, match="seldonMessages holds no message"):
        answered(Combiner(), "aggregate", Asked(several=[]))


# send_feedback


def feedback(reward: float = 0.0, routing: dict[str, object] | None = None) -> Feedback:
    features = Message(ROW, Kind.NDARRAY, ["a", "b"], {"puid": "5", "tags": {"old": 1}})
    return Feedback(features, Message(np.array([1.0]), Kind.NDARRAY), reward, routing or {})


class Judged:
    given: tuple[Any, ...] = ()

    def send_feedback(self, features, feature_names, reward, truth, routing):
        self.given = (features.tolist(), feature_names, reward, truth.tolist(), routing)


@pytest.mark.parametrize(
    ("unit", "routing", "wanted"),
    [(Unit(), {"0": 1, "x": 2}, 1), (Unit(id="x"), {"0": 1, "x": 2}, 2), (Unit(id="y"), {"0": 1}, None)],
)
def test_feedback_is_given_with_the_branch_of_this_unit(unit: Unit, routing: Any, wanted: object) -> None:
    model = Judged()
    answer = answered(model, "send_feedback", Asked(judged=feedback(0.5, routing)), unit)

    assert model.given == ([[1.0, 2.0]], ["a", "b"], 0.5, [1.0], wanted)
    assert (rows(answer), answer.kind) == ([], Kind.NDARRAY)
    assert answer.meta["puid"] == "5"
    assert "tags" not in answer.meta


@pytest.mark.parametrize("model", [object(), Judged()])
@pytest.mark.parametrize(
    ("unit", "reward", "counted"),
    [(Unit(), 0.5, [0.5]), (Unit(), -1.0, [-1.0]), (Unit(), 0.0, []), (Unit(counts_rewards=False), 1.0, [])],
)
def test_rewards_are_counted(model: object, unit: Unit, reward: float, counted: list[float]) -> None:
    noted = Noted()
    asked = Asked(judged=feedback(reward))
    component_of(model, unit, noted).methods["send_feedback"].call(asked)

    assert noted.rewards == counted


def test_feedback_may_be_answered() -> None:
    class Answering:
        def send_feedback(self, features, feature_names, reward, truth, routing=None):
            return SeldonResponse({"kept": 1}, tags={"a": 1})

    answer = answered(Answering(), "send_feedback", Asked(judged=feedback()))

    assert answer.payload == {"kept": 1}
    assert answer.meta == {"puid": "5", "tags": {"a": 1}}


# health_status


def test_health_that_returns_nothing_is_healthy() -> None:
    class Checked:
        def health_status(self):
            pass

    assert answered(Checked(), "health_status").payload == "healthy"


def test_health_has_tags_and_metrics_and_no_kind() -> None:
    class Checked:
        def health_status(self):
            return [1.0]

        def tags(self):
            return {"a": 1}

        def metrics(self):
            return [{"type": "GAUGE", "key": "g", "value": 1}]

    noted = Noted()
    answer = component_of(Checked(), Unit(), noted).methods["health_status"].call(Asked())

    assert answer.kind is Kind.NOTHING
    assert answer.meta["tags"] == {"a": 1}
    assert [method for method, _ in noted.metrics] == ["health_status"]


def test_health_that_raises_is_not_healthy() -> None:
    class Ill:
        def health_status(self):
            raise RuntimeError("ill")

    with pytest.raises(ModelFailed, match="ill"):
        answered(Ill(), "health_status")
