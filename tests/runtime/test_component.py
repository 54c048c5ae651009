"""The model's object as the fronts see it."""

# Models are written here as their authors write them.
# mypy: allow-untyped-defs, allow-untyped-calls
# ruff: noqa: ARG002, N803
from __future__ import annotations

import asyncio

import numpy as np
import pytest
from seldon_runtime.component.component import Component
from seldon_runtime.message import Kind, Message
from seldon_runtime.request_errors import AnswerInvalid, MethodMissing, ModelFailed

ROW = Message(np.array([[1.0, 2.0]]), Kind.NDARRAY, ["a", "b"], {"puid": "7", "tags": {"from": "request"}})


class Doubler:
    def predict(self, X, names):
        return X * 2


def test_predict_gets_the_array_and_keeps_the_puid_and_tags() -> None:
    answer = Component(Doubler()).predict(ROW)

    assert np.asarray(answer.payload).tolist() == [[2.0, 4.0]]
    assert answer.meta == {"puid": "7", "tags": {"from": "request"}}


def test_the_models_own_tags_win() -> None:
    class Tagging(Doubler):
        def tags(self):
            return {"from": "model", "more": 1}

    assert Component(Tagging()).predict(ROW).meta["tags"] == {"from": "model", "more": 1}


def test_tags_that_are_no_object_are_refused() -> None:
    class Tagging(Doubler):
        def tags(self):
            return ["a"]

    with pytest.raises(AnswerInvalid, match="tags"):
        Component(Tagging()).predict(ROW)


@pytest.mark.parametrize("names", [["no", "yes"], ("no", "yes"), np.array(["no", "yes"])])
def test_class_names_may_be_an_attribute_or_a_method(names: object) -> None:
    class Attribute(Doubler):
        class_names = names

    class Method(Doubler):
        def class_names(self):
            return names

    assert Component(Attribute()).predict(ROW).names == ["no", "yes"]
    assert Component(Method()).predict(ROW).names == ["no", "yes"]


def test_a_type_error_inside_the_model_runs_it_once() -> None:
    class Wrong:
        calls = 0

        def predict(self, X, names, meta=None):
            self.calls += 1
            raise TypeError("from inside")

    model = Wrong()
    with pytest.raises(ModelFailed, match="from inside") as caught:
        Component(model).predict(ROW)

    assert model.calls == 1
    assert isinstance(caught.value.__cause__, TypeError)


@pytest.mark.parametrize("end", [SystemExit(3), KeyboardInterrupt(), StopIteration(), ValueError()])
def test_whatever_the_model_raises_is_the_models_failure(end: BaseException) -> None:
    class Ending:
        def predict(self, X):
            raise end

    with pytest.raises(ModelFailed):
        Component(Ending()).predict(ROW)


def test_a_coroutine_is_awaited() -> None:
    class Later:
        async def predict(self, X):
            await asyncio.sleep(0)
            return X + 1

    component = Component(Later())

    assert component.is_async("predict")
    assert np.asarray(asyncio.run(component.predict_later(ROW)).payload).tolist() == [[2.0, 3.0]]


def test_a_coroutine_that_fails_is_the_models_failure() -> None:
    class Later:
        async def predict(self, X):
            raise SystemExit

    with pytest.raises(ModelFailed):
        asyncio.run(Component(Later()).predict_later(ROW))


def test_a_model_without_predict_says_so_when_asked() -> None:
    with pytest.raises(MethodMissing, match=r"object does not define predict\(\)"):
        Component(object()).predict(ROW)


def test_a_model_that_says_nothing_is_healthy() -> None:
    assert Component(Doubler()).health_status().payload == "healthy"
