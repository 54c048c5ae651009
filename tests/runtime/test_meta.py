"""What goes back beside a payload."""

# Models are written here as their authors write them.
# mypy: allow-untyped-defs, allow-untyped-calls
# ruff: noqa: ARG002, N803
from __future__ import annotations

import asyncio
from typing import Any

import pytest
from seldon_runtime.component.response import SeldonResponse
from seldon_runtime.component.unit import Unit
from seldon_runtime.request_errors import AnswerInvalid, MetricInvalid, PayloadInvalid

from tests.runtime.asked import Noted, answered, component_of, with_meta

COUNTER = {"type": "COUNTER", "key": "calls", "value": 1}
GAUGE = {"type": "GAUGE", "key": "level", "value": 0.5}
UPSTREAM = {"type": "TIMER", "key": "upstream", "value": 20}


class Model:
    """Gives the tags and metrics that it was made with."""

    def __init__(self, tags: Any = None, metrics: Any = None, response: Any = None) -> None:
        self.said, self.measured, self.response = tags, metrics, response

    def predict(self, X):
        return X if self.response is None else self.response

    def tags(self):
        return self.said

    def metrics(self):
        return self.measured


def meta_of(model: object, given: dict[str, Any] | None = None, unit: Unit | None = None) -> Any:
    return answered(model, "predict", with_meta(given), unit or Unit()).meta


class Silent:
    def predict(self, X):
        return X


@pytest.mark.parametrize("given", [None, {}])
def test_who_says_nothing_has_empty_meta(given: dict[str, Any] | None) -> None:
    assert meta_of(Silent(), given) == {}


@pytest.mark.parametrize(("puid", "kept"), [("7", {"puid": "7"}), (7, {"puid": 7}), ("", {}), (None, {})])
def test_the_puid_goes_back_and_is_never_made_up(puid: object, kept: dict[str, object]) -> None:
    assert meta_of(Silent(), {"puid": puid}) == kept


def test_what_is_not_of_the_contract_does_not_go_back() -> None:
    assert meta_of(Silent(), {"routing": {"a": 1}, "other": 1, "tags": {"a": 1}}) == {"tags": {"a": 1}}


def test_later_tags_win() -> None:
    response = SeldonResponse("text", tags={"c": "answer"})
    given = {"tags": {"a": "request", "b": "request", "c": "request"}}

    assert meta_of(Model({"b": "model", "c": "model"}, response=response), given)["tags"] == {
        "a": "request",
        "b": "model",
        "c": "answer",
    }


def test_a_tag_that_the_method_writes_into_the_requests_meta_goes_back() -> None:
    class Writing:
        def predict(self, X, names, meta):
            meta["tags"]["seen"] = True
            return X

    assert meta_of(Writing(), {"tags": {"a": 1}})["tags"] == {"a": 1, "seen": True}


@pytest.mark.parametrize("name", ["tags", "metrics"])
def test_tags_and_metrics_may_take_the_input(name: str) -> None:
    class Looking(Silent):
        pass

    value: Any = {"said": "text"} if name == "tags" else [{**COUNTER, "tags": {"said": "text"}}]
    setattr(Looking, name, lambda _, X: {"said": X} if name == "tags" else [{**COUNTER, "tags": {"said": X}}])

    assert meta_of(Looking())[name] == value


def test_a_parameter_with_a_default_is_the_models_own() -> None:
    class Configured(Silent):
        def tags(self, detail="low"):
            return {"detail": detail}

    assert meta_of(Configured())["tags"] == {"detail": "low"}


def test_tags_may_be_a_coroutine_that_does_not_wait() -> None:
    class Quick(Silent):
        async def tags(self):
            return {"a": 1}

    class Slow(Silent):
        async def tags(self):
            await asyncio.sleep(0)

    assert meta_of(Quick())["tags"] == {"a": 1}
    with pytest.raises(AnswerInvalid, match=r"tags\(\) waits for something"):
        meta_of(Slow())


@pytest.mark.parametrize("tags", [["a"], "a", 3])
def test_tags_that_are_no_object_are_refused(tags: object) -> None:
    with pytest.raises(AnswerInvalid, match="tags must be a dict"):
        meta_of(Model(tags))


@pytest.mark.parametrize(
    "given", [{"tags": ["a"]}, {"tags": "a"}, {"requestPath": 3}, {"metrics": {"a": 1}}, {"metrics": "x"}]
)
@pytest.mark.parametrize("model", [Silent(), Model({"a": 1})])
def test_meta_of_the_wrong_shape_is_the_clients_fault(model: object, given: dict[str, Any]) -> None:
    with pytest.raises(PayloadInvalid, match=r"meta\.\w+ must be"):
        meta_of(model, given)


@pytest.mark.parametrize(
    ("unit", "given", "path"),
    [
        (Unit(), {}, None),
        (Unit(), {"a": "b"}, {"a": "b"}),
        (Unit(id="me"), {}, {"me": "NOT_IMPLEMENTED:NOT_IMPLEMENTED"}),
        (Unit(id="me", image="mine:1"), {"a": "b"}, {"a": "b", "me": "mine:1"}),
        (Unit(id="me", image="mine:1"), {"me": "other"}, {"me": "other"}),
    ],
)
def test_the_request_path_names_this_unit_and_the_requests_wins(
    unit: Unit, given: dict[str, str], path: dict[str, str] | None
) -> None:
    assert meta_of(Silent(), {"requestPath": given}, unit).get("requestPath") == path


@pytest.mark.parametrize("shown", [True, False])
def test_metrics_are_counted_and_echoed_if_wanted(shown: bool) -> None:
    model = Model(metrics=[COUNTER], response=SeldonResponse("text", metrics=[GAUGE]))
    noted, asked = Noted(), with_meta({"metrics": [UPSTREAM]})
    method = component_of(model, Unit(metrics_in_answers=shown), noted).methods["predict"]

    assert method.call(asked).meta["metrics"] == [UPSTREAM, *([COUNTER, GAUGE] if shown else [])]
    assert noted.metrics == [("predict", COUNTER), ("predict", GAUGE)]


@pytest.mark.parametrize("metrics", ["text", 3, {"key": "k"}, [{"key": "k"}], [COUNTER, 3]])
def test_metrics_that_are_none_are_refused_and_nothing_is_counted(metrics: object) -> None:
    noted = Noted()
    for model in (Model(metrics=metrics), Model(response=SeldonResponse("x", metrics=metrics))):  # type: ignore[arg-type]
        with pytest.raises(MetricInvalid):
            component_of(model, Unit(), noted).methods["predict"].call(with_meta(None))

    assert noted.metrics == []


@pytest.mark.parametrize("metrics", [None, [], ()])
def test_no_metrics_are_no_fault(metrics: object) -> None:
    assert meta_of(Model(metrics=metrics)) == {}
