"""A component on its threads: where it runs, how many wait, how long."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from seldon_runtime.component.unit import Unit
from seldon_runtime.message import Message, Request
from seldon_runtime.metrics.recorder import Recorder
from seldon_runtime.model import Model
from seldon_runtime.request_errors import DeadlineExceeded, NotReady, Overloaded
from seldon_runtime.settings import ServerSettings


def with_model(
    work: Callable[[Model], Coroutine[Any, Any, Any]], factory: Any = object, **settings: Any
) -> Any:
    async def whole() -> Any:
        model = Model(ServerSettings("Model", Path(), **settings), Recorder(Unit()))
        await model.load(factory)
        return await work(model)

    return asyncio.run(whole())


class Asked:
    is_protobuf = False

    def __init__(self, payload: object) -> None:
        self._payload = payload

    def message(self) -> Message:
        return Message(self._payload)


def asked(payload: object) -> Request:
    return Asked(payload)  # type: ignore[return-value]  # a predict asks for no more


class Bound:
    """sqlite connections refuse every thread but the one that made them."""

    def __init__(self) -> None:
        self.database = sqlite3.connect(":memory:")

    def load(self) -> None:
        self.database.execute("create table numbers (number)")

    def predict(self, x: object) -> list[object]:
        self.database.execute("insert into numbers values (?)", (x,))
        return list(self.database.execute("select sum(number) from numbers").fetchone())


@pytest.mark.parametrize("inline", [False, True])
def test_a_model_that_is_bound_to_its_thread_is_safe(inline: bool) -> None:
    async def ask(model: Model) -> list[object]:
        predict = model.component.methods["predict"].call
        return [(await model.run(predict, asked(number))).payload for number in (1, 2, 3)]

    assert with_model(ask, Bound, inline=inline) == [[1], [3], [6]]


@pytest.mark.parametrize(("inline", "same"), [(False, False), (True, True)])
def test_inline_work_runs_on_the_loop_itself(inline: bool, same: bool) -> None:
    async def ask(model: Model) -> bool:
        return await model.run(threading.get_ident) == threading.get_ident()

    assert with_model(ask, inline=inline) is same


def test_nobody_reaches_a_component_that_is_not_loaded() -> None:
    async def ask() -> None:
        _ = Model(ServerSettings("Model", Path()), Recorder(Unit())).component

    with pytest.raises(NotReady):
        asyncio.run(ask())


def test_more_than_may_wait_are_refused_and_those_who_wait_are_served() -> None:
    async def ask(model: Model) -> list[object]:
        calls = [asyncio.ensure_future(model.run(time.sleep, 0.1)) for _ in range(6)]
        return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = with_model(ask, most_waiting=3)

    assert sum(isinstance(outcome, Overloaded) for outcome in outcomes) in (2, 3)
    assert sum(outcome is None for outcome in outcomes) in (3, 4)


def test_coroutines_are_bounded_too() -> None:
    async def ask(model: Model) -> list[object]:
        calls = [asyncio.ensure_future(model.within(asyncio.sleep(0.1))) for _ in range(6)]
        return await asyncio.gather(*calls, return_exceptions=True)

    assert [type(outcome) for outcome in with_model(ask, most_waiting=4)] == [type(None)] * 4 + [
        Overloaded
    ] * 2


def test_what_takes_too_long_is_told_and_what_waits_behind_it_is_not_begun() -> None:
    begun: list[int] = []

    async def ask(model: Model) -> list[object]:
        calls = [asyncio.ensure_future(model.run(time.sleep, 0.3)) for _ in range(2)]
        calls.append(asyncio.ensure_future(model.run(begun.append, 1)))
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        await asyncio.sleep(0.4)
        return list(outcomes)

    assert [type(outcome) for outcome in with_model(ask, timeout=0.1)] == [DeadlineExceeded] * 3
    assert begun == []


def test_a_timeout_of_the_models_own_is_no_deadline() -> None:
    async def late() -> None:
        raise asyncio.TimeoutError

    async def ask(model: Model) -> None:
        await model.within(late())

    with pytest.raises(asyncio.TimeoutError):
        with_model(ask)


def test_health_does_not_wait_behind_a_prediction() -> None:
    async def ask(model: Model) -> float:
        slow = asyncio.ensure_future(model.run(time.sleep, 0.5))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        await model.run_health(int)
        took = time.monotonic() - began
        await slow
        return took

    assert with_model(ask) < 0.3
