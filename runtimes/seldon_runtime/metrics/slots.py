"""Tables of several worker processes in one piece of shared memory, without any file."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence

from .cells import SIZE, WORD, Cells, Table, read

SLOTS = 64


class SharedSlots:
    """As many tables as workers may live at once, made by the process that forks them.

    That process takes a slot before each fork and frees it once the worker is gone; the worker asks for its
    ``cells``. The lowest free slot comes first, so a new worker counts on where a dead one stopped, and what
    the dead ones counted stays in the sums. Memory is touched only where it is used.
    """

    def __init__(self, count: int = SLOTS, size: int = SIZE) -> None:
        # The first pages say how many slots were ever taken and who owns which.
        self._start = -(-(count + 1) * WORD // mmap.PAGESIZE) * mmap.PAGESIZE
        self._memory = memoryview(mmap.mmap(-1, self._start + count * size))
        self._owners = self._memory[: self._start].cast("Q")
        self._count, self._size = count, size
        self._taken: set[int] = set()
        self._private: Cells | None = None

    def take(self) -> int:
        """Return a slot for a process that is about to be forked."""
        index = next(number for number in range(len(self._taken) + 1) if number not in self._taken)
        self._taken.add(index)
        if index < self._count:
            self._owners[0] = max(self._owners[0], index + 1)
        return index

    def free(self, index: int) -> None:
        """Take the slot back: its process is gone."""
        self._taken.discard(index)
        if index < self._count:
            self._owners[index + 1] = 0

    def cells(self, index: int) -> Cells:
        """Return the table of the slot, in the process that it was taken for."""
        if index < self._count:
            self._owners[index + 1] = os.getpid()
            return Cells(self._part(index))
        # More workers than slots: better to count alone than not to serve.
        self._private = Cells()
        return self._private

    def tables(self) -> Sequence[Table]:
        """Return what every slot holds that was ever taken."""
        shared = [read(self._part(index), self._owners[index + 1]) for index in range(self._owners[0])]
        return [*shared, *(self._private.tables() if self._private else ())]

    def _part(self, index: int) -> memoryview:
        begin = self._start + index * self._size
        return self._memory[begin : begin + self._size]
