"""Tables of named numbers, in memory of one process or shared by several, without any file."""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Sequence

from .table import FIRST, SIZE, WORD, Table, read, records, words_for

# What a scrape may reasonably bring: 2000 timers are 100,000 lines.
MOST_RECORDS = 2000
# What authors cannot fill with numbers of their own: enough for hundreds of histograms.
RESERVED = 1 << 14
SLOTS = 64


class Cells:
    """One process's table; a new process that takes it over counts on from the numbers that stand in it.

    Count by ``cells.values[index] += 1`` while holding ``lock``.
    """

    def __init__(self, buffer: memoryview | None = None, most: int = MOST_RECORDS) -> None:
        self._bytes = memoryview(mmap.mmap(-1, SIZE)) if buffer is None else buffer
        self._words = self._bytes.cast("Q")
        self.values = self._bytes.cast("d")
        self.lock = threading.Lock()
        self.spare = 1
        self._most = most
        self._words[0] = self._words[0] or FIRST
        self._indices = {key: first for key, first, _ in records(self._bytes)}

    def index(self, key: bytes, count: int = 1, *, reserved: int = 0) -> int | None:
        """Return where the ``count`` numbers of ``key`` begin, new ones as zeros; None where all is full.

        ``reserved`` are the words that must be left then, for keys that come without this limit.
        """
        with self.lock:
            found = self._indices.get(key)
            if found is None and not (reserved and len(self._indices) >= self._most):
                return self._added(key, count, len(self._words) - reserved)
            return found

    def _added(self, key: bytes, count: int, limit: int) -> int | None:
        used = self._words[0]
        first = used + 1 + words_for(len(key))
        end = first + count
        if end > limit:
            return None
        begin = (used + 1) * WORD
        self._words[used] = (end - used) << 32 | len(key)
        self._bytes[begin : begin + len(key)] = key
        for index in range(first, end):
            # What a process left behind that was killed before it could add its record.
            self.values[index] = 0.0
        self._words[0] = end
        self._indices[key] = first
        return first

    def indices(self) -> Sequence[tuple[bytes, int]]:
        """Return every key and where its numbers begin."""
        return tuple(self._indices.items())

    def tables(self) -> Sequence[Table]:
        """Return what stands here, as the table of this process."""
        return (read(self._bytes, os.getpid()),)


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
