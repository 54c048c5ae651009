"""The threads that a model lives on."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from seldon_runtime.threads import ModelThreads


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def test_one_thread_does_everything_that_both_kinds_of_caller_ask_for() -> None:
    threads = ModelThreads(1)

    async def ask() -> set[int]:
        mine = [threads.run(threading.get_ident) for _ in range(5)]
        theirs = [threads.submit(threading.get_ident) for _ in range(5)]
        return {*await asyncio.gather(*mine), *(future.result() for future in theirs)}

    assert len(run(ask())) == 1


def test_grpcio_takes_it_for_a_thread_pool() -> None:
    assert isinstance(ModelThreads(1), ThreadPoolExecutor)


def test_as_many_calls_run_at_once_as_there_are_threads() -> None:
    threads, together = ModelThreads(3), threading.Barrier(3, timeout=5)

    async def ask() -> list[int]:
        return await asyncio.gather(*(threads.run(together.wait) for _ in range(3)))

    assert sorted(run(ask())) == [0, 1, 2]


def test_what_the_work_raises_reaches_whoever_waits() -> None:
    threads = ModelThreads(1)

    async def ask() -> None:
        await threads.run(int, "x")

    with pytest.raises(ValueError, match="invalid literal"):
        run(ask())
    with pytest.raises(ValueError, match="invalid literal"):
        threads.submit(int, "x").result(5)


def test_a_stop_iteration_does_not_hang_its_caller() -> None:
    threads = ModelThreads(1)

    async def ask() -> None:
        await asyncio.wait_for(threads.run(next, iter(())), 5)

    with pytest.raises(RuntimeError, match="StopIteration"):
        run(ask())


def test_a_call_that_nobody_waits_for_any_more_is_not_begun() -> None:
    threads, begun = ModelThreads(1), list[int]()

    async def ask() -> None:
        first = threads.run(time.sleep, 0.2)
        second, third = threads.run(begun.append, 2), threads.run(begun.append, 3)
        second.cancel()
        await asyncio.gather(first, third)

    run(ask())

    assert begun == [3]


def test_a_cancelled_future_is_not_begun() -> None:
    threads, begun = ModelThreads(1), list[int]()
    threads.submit(time.sleep, 0.2)
    future = threads.submit(begun.append, 1)

    assert future.cancel()
    threads.submit(int).result(5)
    assert begun == []


def test_an_answer_for_a_loop_that_is_gone_does_not_end_the_thread() -> None:
    threads = ModelThreads(1)

    async def leave() -> None:
        threads.run(time.sleep, 0.1)

    run(leave())

    assert threads.submit(int, "7").result(5) == 7


def test_it_knows_how_many_wait() -> None:
    threads, go = ModelThreads(1), threading.Event()
    futures = [threads.submit(go.wait, 5) for _ in range(4)]
    while threads.waiting > 3:
        time.sleep(0.001)

    assert threads.waiting == 3
    go.set()
    assert [future.result(5) for future in futures] == [True] * 4
    assert threads.waiting == 0
