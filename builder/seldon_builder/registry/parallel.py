"""Work on several connections at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_TICK = 0.1
_PATIENCE = 0.5


class Stopped(Exception):
    """Another piece of the work has failed: this one need not go on."""


def in_parallel(
    work: Callable[[Item, threading.Event], Result],
    items: Iterable[Item],
    tick: Callable[[], None],
    threads: int = 4,
) -> list[Result]:
    """Return ``work(item, stop)`` of every item, in their order; the first exception ends all.

    ``tick`` is called in the caller's thread about ten times a second; ``work`` should raise Stopped soon
    after ``stop`` is set. The threads never keep the process alive: Ctrl-C ends it at once.
    """
    pending: SimpleQueue[tuple[int, Item]] = SimpleQueue()
    finished: SimpleQueue[tuple[int, Result | None, BaseException | None]] = SimpleQueue()
    stop = threading.Event()
    count = 0
    for count, item in enumerate(items, 1):
        pending.put((count - 1, item))

    def serve() -> None:
        while not stop.is_set():
            try:
                index, item = pending.get_nowait()
            except Empty:
                return
            try:
                finished.put((index, work(item, stop), None))
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                finished.put((index, None, error))

    workers = [threading.Thread(target=serve, daemon=True) for _ in range(min(threads, count))]
    for worker in workers:
        worker.start()
    try:
        return _collect(finished, count, tick)
    finally:
        stop.set()
        for worker in workers:
            worker.join(_PATIENCE / len(workers))


def _collect(
    finished: SimpleQueue[tuple[int, Result | None, BaseException | None]],
    count: int,
    tick: Callable[[], None],
) -> list[Result]:
    results: dict[int, Result] = {}
    while len(results) < count:
        try:
            index, result, error = finished.get(timeout=_TICK)
        except Empty:
            tick()
            continue
        if error is not None:
            raise error
        results[index] = result  # type: ignore[assignment]  # None only beside an error
    tick()
    return [results[index] for index in range(count)]
