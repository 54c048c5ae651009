"""What master and workers tell each other: a page of shared memory, without any file."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

SIZE = 4096
FAILURE, SERVED, ENDING, FIRST_PLACE = 0, 1, 2, 3


class State(IntEnum):
    """How far a worker is."""

    GONE = 0
    # Its ports are not open yet.
    LOADING = 1
    # Its ports are open and answer "not ready".
    WAITING = 2
    SERVING = 3
    LEAVING = 4


@dataclass(frozen=True)
class Place:
    """What the master gives a worker: where on the board it is, and which of the workers.

    ``is_first`` is that of the one worker which keeps the state; ``generation`` how many reloads came before;
    ``slot`` where it counts.
    """

    number: int
    is_first: bool
    generation: int
    slot: int


class Board:
    """One byte a worker, and what ended the service; made before the first fork."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, SIZE)
        # How many connections each worker has.
        self.connections = memoryview(mmap.mmap(-1, SIZE * 4)).cast("i")
        # Whoever reads the one byte in it is the first who failed.
        self._failing, writing = os.pipe()
        os.set_blocking(self._failing, False)
        os.write(writing, b"1")
        os.close(writing)

    def take(self, state: State) -> int:
        """Return a place for a worker that is about to be forked."""
        number = self._page.find(bytes([State.GONE]), FIRST_PLACE)
        self._page[number] = state
        self.connections[number] = 0
        return number

    def state(self, number: int) -> State:
        """Return how far the worker is."""
        return State(self._page[number])

    def tell(self, number: int, state: State) -> None:
        """Say how far the worker is; GONE gives its place back."""
        self._page[number] = state
        if state is State.SERVING:
            self._page[SERVED] = 1

    def places(self, state: State) -> Iterator[int]:
        """Return the workers that are in ``state``."""
        number = self._page.find(bytes([state]), FIRST_PLACE)
        while number >= 0:
            yield number
            number = self._page.find(bytes([state]), number + 1)

    def anybody(self, state: State, besides: int = 0) -> bool:
        """Tell whether a worker, other than ``besides``, is in ``state``."""
        return any(number != besides for number in self.places(state))

    def can_spare(self, number: int) -> bool:
        """Tell whether the worker may leave: another serves, or there is no other."""
        others = (State.LOADING, State.WAITING, State.LEAVING)
        return self.anybody(State.SERVING, number) or not any(self.anybody(other, number) for other in others)

    @property
    def has_served(self) -> bool:
        """Whether any worker ever served."""
        return bool(self._page[SERVED])

    @property
    def is_ending(self) -> bool:
        """Whether all workers are to stop."""
        return bool(self._page[ENDING])

    def end(self) -> None:
        """Say that all workers are to stop."""
        self._page[ENDING] = 1

    @property
    def failure(self) -> int:
        """The exit code that all end with because of one, 0 while none failed."""
        return self._page[FAILURE]

    def fail(self, code: int) -> bool:
        """End all with ``code``; return whether nobody did so before, so that one cause is told."""
        try:
            is_first = bool(os.read(self._failing, 1))
        except BlockingIOError:
            return False
        if is_first:
            self._page[FAILURE] = code
        return is_first
