"""Named numbers in memory: one process counts in them, any process reads them.

A table is a buffer of 8-byte words: how many are used, a few that nobody reads, then records one after the
other, each with its own length, a key and its numbers. Records are only ever added, and the count of used
words comes last, so whoever reads finds whole records whenever the writer stops, be it by SIGKILL.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WORD = 8
# Where what is counted goes once the table is full: as many numbers as the longest record has.
SPARE = 64
FIRST = 1 + SPARE
SIZE = 1 << 20
# What a scrape may reasonably bring: 2000 timers are 100,000 lines.
MOST_RECORDS = 2000


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
        self._indices = {key: first for key, first, _ in _records(self._bytes)}

    def index(self, key: bytes, count: int = 1) -> int | None:
        """Return where the ``count`` numbers of ``key`` begin, new ones as zeros; None where all is full."""
        with self.lock:
            found = self._indices.get(key)
            return self._added(key, count) if found is None else found

    def _added(self, key: bytes, count: int) -> int | None:
        used = self._words[0]
        first = used + 1 + -(-len(key) // WORD)
        end = first + count
        if end > len(self._words) or len(self._indices) >= self._most:
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


@dataclass(frozen=True)
class Table:
    """The numbers by key at one moment; ``owner`` is the id of the process that counts, 0 after its end."""

    owner: int
    numbers: Sequence[tuple[bytes, Sequence[float]]]


def read(buffer: memoryview, owner: int) -> Table:
    """Read a table that a process may be writing at the same time."""
    values = buffer.cast("d")
    numbers = [(key, values[first : first + count].tolist()) for key, first, count in _records(buffer)]
    return Table(owner, numbers)


def _records(buffer: memoryview) -> Iterator[tuple[bytes, int, int]]:
    words = buffer.cast("Q")
    used, index = words[0], FIRST
    while index < used:
        length, size = words[index] >> 32, words[index] & 0xFFFFFFFF
        begin, first = (index + 1) * WORD, index + 1 + -(-size // WORD)
        if not length or first > index + length:  # another processor's view of what was just written
            return
        yield bytes(buffer[begin : begin + size]), first, index + length - first
        index += length
