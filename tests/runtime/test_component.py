"""The methods of a component: written or not, sync or async, and what they raise."""

# Models are written here as their authors write them.
# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
# ruff: noqa: ARG002, N803
from __future__ import annotations

import asyncio
from http import HTTPStatus

import numpy as np
import pytest
from seldon_runtime.message import Feedback, Kind, Message
from seldon_runtime.request_errors import MethodMissing, ModelFailed, ModelRefused

from tests.runtime.asked import Asked, answered, component_of, rows

EMPTY = Message(np.array([]), Kind.NDARRAY)
TWO = (Message(np.array([1.0]), Kind.NDARRAY, ["a"]), Message(np.array([3.0]), Kind.NDARRAY, ["b"]))
ASKED = {
    "aggregate": Asked(several=TWO),
    "send_feedback": Asked(judged=Feedback(Message(np.array([[1.0, 2.0]]), Kind.TENSOR), EMPTY)),
}


class SeldonMicroserviceException(Exception):
    """As seldon-core's, which is known by its name."""

    def __init__(self, message="", status_code=400, reason="MICROSERVICE_BAD_DATA") -> None:
        self.message, self.status_code, self.reason = message, status_code, reason


class SeldonNotImplementedError(SeldonMicroserviceException):
    """As seldon-core's."""


class Written:
    """Every method of the contract."""

    def predict(self, X, names):
        return X * 2

    def transform_input(self, X, names):
        return X + 1

    def transform_output(self, X, names):
        return X - 1

    def route(self, X, names):
        return 3

    def aggregate(self, Xs, names):
        return Xs[0] + Xs[1]

    def send_feedback(self, X, names, reward, truth, routing=None):
        return [7]

    def health_status(self):
        return [1, 2]


class Awaited:
    """The same, each a coroutine."""

    async def predict(self, X, names):
        await asyncio.sleep(0)
        return X * 2

    async def transform_input(self, X, names):
        await asyncio.sleep(0)
        return X + 1

    async def transform_output(self, X, names):
        return X - 1

    async def route(self, X, names):
        return 3

    async def aggregate(self, Xs, names):
        return Xs[0] + Xs[1]

    async def send_feedback(self, X, names, reward, truth, routing=None):
        return [7]

    async def health_status(self):
        return [1, 2]


class Unwilling:
    """Each method says that it is not implemented, as those of seldon-core's base class do."""

    def _no(self, *_: object, **__: object):
        raise SeldonNotImplementedError("no such thing")

    predict = transform_input = transform_output = route = aggregate = send_feedback = health_status = _no
    predict_raw = transform_input_raw = route_raw = aggregate_raw = health_status_raw = _no
    tags = metrics = class_names = init_metadata = _no


class UnwillingLater:
    async def _no(self, *_: object, **__: object):
        raise SeldonNotImplementedError("no such thing")

    transform_input = transform_output = send_feedback = health_status = transform_input_raw = _no


ROWS = {
    "predict": [[2.0, 4.0]],
    "transform_input": [[2.0, 3.0]],
    "transform_output": [[0.0, 1.0]],
    "route": [[3]],
    "aggregate": [4.0],
    "send_feedback": [7],
    "health_status": [1, 2],
}
METHODS = sorted(ROWS)
# What is answered in place of a method that the author did not write.
ABSENT = {
    "transform_input": [[1.0, 2.0]],
    "transform_output": [[1.0, 2.0]],
    "send_feedback": [],
    "health_status": "healthy",
}
REFUSED = sorted(ROWS.keys() - ABSENT.keys())


def asked_for(method: str) -> Asked:
    return ASKED.get(method, Asked())


@pytest.mark.parametrize("model", [Written, Awaited])
@pytest.mark.parametrize("method", METHODS)
def test_a_written_method_answers(method: str, model: type) -> None:
    assert rows(answered(model(), method, asked_for(method))) == ROWS[method]


@pytest.mark.parametrize("method", METHODS)
def test_a_coroutine_is_for_the_loop_and_a_function_is_not(method: str) -> None:
    assert component_of(Awaited()).methods[method].is_async
    assert not component_of(Written()).methods[method].is_async


@pytest.mark.parametrize("model", [object, Unwilling])
@pytest.mark.parametrize("method", sorted(ABSENT))
def test_what_is_not_written_is_done_by_the_contract(method: str, model: type) -> None:
    assert rows(answered(model(), method, asked_for(method))) == ABSENT[method]


@pytest.mark.parametrize("method", sorted(ABSENT))
def test_a_coroutine_may_say_that_it_is_not_implemented(method: str) -> None:
    assert rows(answered(UnwillingLater(), method, asked_for(method))) == ABSENT[method]


@pytest.mark.parametrize("method", REFUSED)
def test_what_cannot_be_done_without_the_author_is_refused(method: str) -> None:
    with pytest.raises(MethodMissing, match=rf"object does not define {method}\(\)"):
        answered(object(), method, asked_for(method))
    with pytest.raises(MethodMissing, match="no such thing"):
        answered(Unwilling(), method, asked_for(method))


def test_what_a_class_only_inherits_from_seldons_base_class_is_not_written() -> None:
    def no(self, *_):
        raise AssertionError("nobody asks it")

    methods = {f"{name}{raw}": no for name in METHODS for raw in ("", "_raw")}
    base = type("SeldonComponent", (), {**methods, "tags": no, "__module__": "seldon_core.user_model"})
    model = type("Model", (base,), {"predict": lambda _, X: X * 2})()

    assert rows(answered(model, "predict")) == ROWS["predict"]
    assert rows(answered(model, "transform_input")) == ABSENT["transform_input"]
    assert answered(model, "health_status").payload == "healthy"
    with pytest.raises(MethodMissing, match="Model does not define route"):
        answered(model, "route")


def test_a_method_that_the_object_alone_has_is_written() -> None:
    base = type("SeldonComponent", (), {"predict": None, "__module__": "seldon_core.user_model"})
    model = base()
    model.predict = lambda X: X * 2

    assert rows(answered(model, "predict")) == ROWS["predict"]


def test_a_model_that_hands_on_what_it_lacks_may_raise_any_error_for_it() -> None:
    class Wrapped:
        def __init__(self) -> None:
            self.parts = {"predict": lambda X: X * 2}

        def __getattr__(self, name):
            return self.parts[name]

    assert rows(answered(Wrapped(), "predict")) == ROWS["predict"]
    assert answered(Wrapped(), "health_status").payload == "healthy"


def test_a_property_that_raises_is_the_models_failure() -> None:
    class Failing(Written):
        @property
        def class_names(self):
            if hasattr(self, "started"):
                raise ValueError("not yet")
            self.started = True
            return ["a"]

    with pytest.raises(ModelFailed, match="not yet"):
        answered(Failing(), "predict")


def test_an_authors_own_class_of_that_name_is_no_base_class() -> None:
    class SeldonComponent:
        def predict(self, X):
            return X * 2

    class Model(SeldonComponent):
        pass

    assert rows(answered(Model(), "predict")) == ROWS["predict"]


@pytest.mark.parametrize(
    "end",
    [
        SystemExit(3),
        KeyboardInterrupt(),
        StopIteration(),
        ValueError(),
        TypeError("inside"),
        NotImplementedError("the device lacks this operation"),
        asyncio.CancelledError(),
        GeneratorExit(),
        BaseException(),
        MemoryError(),
    ],
    ids=lambda end: type(end).__name__,
)
@pytest.mark.parametrize("method", METHODS)
def test_whatever_a_method_raises_is_the_models_failure(method: str, end: BaseException) -> None:
    calls = []

    def fail(self, *_, **__):
        calls.append(method)
        raise end

    with pytest.raises(ModelFailed) as caught:
        answered(type("Model", (), {method: fail})(), method, asked_for(method))

    assert caught.value.__cause__ is end
    assert str(caught.value)
    assert len(calls) == 1


@pytest.mark.parametrize("method", METHODS)
def test_whatever_a_coroutine_raises_is_the_models_failure(method: str) -> None:
    async def fail(self, *_, **__):
        await asyncio.sleep(0)
        raise SystemExit(3)

    with pytest.raises(ModelFailed):
        answered(type("Model", (), {method: fail})(), method, asked_for(method))


def test_a_cancelled_coroutine_is_not_the_models_failure() -> None:
    class Slow:
        async def predict(self, X):
            await asyncio.sleep(10)

    async def cancel() -> None:
        await asyncio.wait_for(component_of(Slow()).methods["predict"].later(Asked()), 0.01)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(cancel())


@pytest.mark.parametrize("extra", ["tags", "metrics", "class_names"])
def test_what_the_extras_raise_is_the_models_failure_too(extra: str) -> None:
    class Failing(Written):
        pass

    def fail(self):
        raise KeyError("lost")

    setattr(Failing, extra, fail)
    with pytest.raises(ModelFailed, match="lost"):
        answered(Failing(), "predict")


@pytest.mark.parametrize(
    ("raised", "status", "reason", "message"),
    [
        (SeldonMicroserviceException("too old", 418, "TEAPOT"), 418, "TEAPOT", "too old"),
        (SeldonMicroserviceException("bad"), 400, "MICROSERVICE_BAD_DATA", "bad"),
        (SeldonMicroserviceException("x", HTTPStatus.CONFLICT), 409, "MICROSERVICE_BAD_DATA", "x"),
        (SeldonMicroserviceException("x", 99), 400, "MICROSERVICE_BAD_DATA", "x"),
        (SeldonMicroserviceException("x", "many"), 400, "MICROSERVICE_BAD_DATA", "x"),
        (SeldonMicroserviceException(), 400, "MICROSERVICE_BAD_DATA", "SeldonMicroserviceException"),
    ],
)
def test_a_seldon_exception_names_its_own_status(
    raised: Exception, status: int, reason: str, message: str
) -> None:
    class Refusing:
        def predict(self, X):
            raise raised

    with pytest.raises(ModelRefused) as caught:
        answered(Refusing(), "predict")

    assert (caught.value.status, caught.value.reason, str(caught.value)) == (status, reason, message)


def test_a_component_tells_what_its_author_wrote() -> None:
    component = component_of(Written())

    assert component.name == "Written"
    assert (component.has("route"), component.has("route_raw")) == (True, False)
