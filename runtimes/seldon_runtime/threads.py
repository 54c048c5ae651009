"""The threads that a model lives on, shared by every front."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")


class ModelThreads(ThreadPoolExecutor):
    """A fixed number of threads over one queue.

    It is a ThreadPoolExecutor because grpcio runs its calls on nothing else. ``run`` is what it adds for the
    event loop: half the time of ``loop.run_in_executor``, which makes two futures with a lock each.
    """

    def __init__(self, count: int, name: str = "model") -> None:
        super().__init__(count)
        self._name, self.count = name, 0
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()
        for _ in range(count):
            self.grow()

    def grow(self) -> None:
        """Start one thread more."""
        # A model that never returns must not keep the process from ending.
        threading.Thread(target=self._work, name=f"{self._name}_{self.count}", daemon=True).start()
        self.count += 1

    def _work(self) -> None:
        take = self._calls.get
        while True:
            take()()

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return self._calls.qsize()

    def run(self, work: Callable[..., Result], *arguments: object) -> asyncio.Future[Result]:
        """Call ``work`` on a thread, for a coroutine that awaits it; a cancelled call is not begun."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._calls.put(partial(_call_for_loop, loop, future, work, arguments))
        return future

    def submit(
        self, fn: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        """Call ``fn`` on a thread (concurrent.futures)."""
        future: Future[Result] = Future()
        self._calls.put(partial(_call, future, fn, args, kwargs))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Do nothing: the threads end with the process, whatever the model does on them."""


def _call_for_loop(
    loop: asyncio.AbstractEventLoop,
    future: asyncio.Future[Result],
    work: Callable[..., Result],
    arguments: tuple[object, ...],
) -> None:
    if future.cancelled():
        return
    try:
        result = work(*arguments)
    except BaseException as error:  # noqa: BLE001 - whoever awaits it hears it
        _tell(loop, _fail, future, error)
    else:
        _tell(loop, _finish, future, result)


def _tell(loop: asyncio.AbstractEventLoop, tell: Callable[..., None], *arguments: object) -> None:
    try:
        loop.call_soon_threadsafe(tell, *arguments)
    except RuntimeError:  # the loop is closed: nobody listens any more
        return


def _finish(future: asyncio.Future[Result], result: Result) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if future.done():
        return
    if isinstance(error, StopIteration) or not isinstance(error, Exception):
        # The one cannot travel through a future; the others, sys.exit() in a model's tolist(), end the loop.
        stopped = RuntimeError(f"the thread's work raised {type(error).__name__}")
        stopped.__cause__, error = error, stopped
    future.set_exception(error)


def _call(future: Future[Result], work: Callable[..., Result], args: Any, kwargs: Any) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work(*args, **kwargs)
    except BaseException as error:  # noqa: BLE001 - whoever holds the future hears it
        future.set_exception(error)
    else:
        future.set_result(result)
