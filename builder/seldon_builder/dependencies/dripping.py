"""Servers that drip: each byte of theirs comes in time, and all of them never do."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

# Bytes a second. Lines are slow in places, but no wheel would ever come at this pace.
SLOWEST = 1 << 10
# For how long, in silences that a server may keep, it may be that slow.
SILENCES = 2


class TooSlow(TimeoutError):
    """A server goes on sending, and does not get anywhere."""


@contextmanager
def ending(connection: HTTPConnection, patience: float) -> Iterator[None]:
    """End the connection, and raise TooSlow, where what is read of it within takes too long."""
    ended = Event()

    def end() -> None:
        ended.set()
        with suppress(OSError):
            if connection.sock:
                connection.sock.shutdown(socket.SHUT_RDWR)

    timer = Timer(SILENCES * patience, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if ended.is_set():
            raise TooSlow(f"its answer did not begin within {SILENCES * patience:g} seconds")


@dataclass
class Pace:
    """How fast a server sends; only the time that it is waited for counts."""

    patience: float
    waited: float = 0
    got: int = 0

    def taking(self, read: Callable[[], bytes]) -> bytes:
        """Return what ``read`` does; TooSlow where that has become too little."""
        began = time.monotonic()
        data = read()
        self.waited += time.monotonic() - began
        self.got += len(data)
        if data and self.waited > SILENCES * self.patience:
            if self.got < SLOWEST * self.waited:
                raise TooSlow(f"it sends less than {SLOWEST} bytes a second")
            self.waited, self.got = 0, 0
        return data


def beginning_of(answer: HTTPResponse, most: int, patience: float) -> bytes:
    """Read the first ``most`` bytes of an answer; an answer that ends before is read to its end."""
    pace, found = Pace(patience), b""

    def some() -> bytes:
        # To peek waits for one packet alone; to read closes an answer that is whole.
        there = len(answer.peek(1))
        return answer.read(min(there or 1, most - len(found)))

    while len(found) < most and (data := pace.taking(some)):
        found += data
    return found
