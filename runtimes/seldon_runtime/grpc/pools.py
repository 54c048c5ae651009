"""The threads that read calls and wait for their answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Any

from ..threads import ModelThreads

# Beyond one for each thread of the model: what they read is there when a thread becomes free.
READERS = 4
# Seconds without a call that ends after which there is a reader for each call, up to as many as MOST_READERS:
# who opens calls and sends nothing keeps grpcio's threads for as long as they like.
STUCK, MOST_READERS = 0.5, 256
# Each awaited call keeps a thread; they are made when needed.
MOST_AWAITED = 256


class Pools:
    """The threads of calls: few for the model's threads, more for async methods."""

    def __init__(self, threads: int) -> None:
        self.readers = _Readers(threads + READERS, "grpc")
        self.awaiting = _Awaiting(MOST_AWAITED, "grpc_async")

    @property
    def waiting(self) -> int:
        """How many calls nobody reads yet."""
        return self.readers.waiting

    @property
    def are_idle(self) -> bool:
        """Whether no call is being read or answered."""
        return not (self.readers.unfinished or self.awaiting.unfinished)


class _Readers(ModelThreads):
    def __init__(self, count: int, name: str) -> None:
        super().__init__(count, name)
        self.unfinished: set[Future[Any]] = set()
        self._moved = monotonic()
        self._is_watched = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Take one call of grpcio's."""
        future = _noted(super().submit(fn, *args, **kwargs), self.unfinished)
        future.add_done_callback(self._move)
        if not self._is_watched and len(self.unfinished) > self.count:
            self._watch()
        return future

    def _move(self, _: Future[Any]) -> None:
        self._moved = monotonic()

    def _watch(self) -> None:
        self._is_watched = True
        later = threading.Timer(STUCK, self._look)
        later.daemon = True
        later.start()

    def _look(self) -> None:
        if monotonic() - self._moved >= STUCK:
            for _ in range(min(self.waiting, MOST_READERS - self.count)):
                self.grow()
        self._is_watched = False
        if self.waiting:
            self._watch()


class _Awaiting(ThreadPoolExecutor):
    def __init__(self, count: int, name: str) -> None:
        super().__init__(count, name)
        self.unfinished: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Take one call of grpcio's."""
        return _noted(super().submit(fn, *args, **kwargs), self.unfinished)


def _noted(future: Future[Any], unfinished: set[Future[Any]]) -> Future[Any]:
    unfinished.add(future)
    future.add_done_callback(unfinished.discard)
    return future
