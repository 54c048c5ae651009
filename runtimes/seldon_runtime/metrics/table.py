"""How named numbers lie in memory: one process writes them, any process reads them.

A table is a buffer of 8-byte words: how many are used, a few that nobody reads, then records one after the
other, each with its own length, a key and its numbers. Records are only ever added, and the count of used
words comes last, so whoever reads finds whole records whenever the writer stops, be it by SIGKILL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WORD = 8
# Where what is counted goes once the table is full: as many numbers as the longest record has.
SPARE = 64
FIRST = 1 + SPARE
SIZE = 1 << 20


@dataclass(frozen=True)
class Table:
    """The numbers by key at one moment; ``owner`` is the id of the process that counts, 0 after its end."""

    owner: int
    numbers: Sequence[tuple[bytes, Sequence[float]]]


def read(buffer: memoryview, owner: int) -> Table:
    """Read a table that a process may be writing at the same time."""
    values = buffer.cast("d")
    numbers = [(key, values[first : first + count].tolist()) for key, first, count in records(buffer)]
    return Table(owner, numbers)


def records(buffer: memoryview) -> Iterator[tuple[bytes, int, int]]:
    """Return the key of every record, where its numbers begin and how many they are."""
    words = buffer.cast("Q")
    used, index = words[0], FIRST
    while index < used:
        length, size = words[index] >> 32, words[index] & 0xFFFFFFFF
        begin, first = (index + 1) * WORD, index + 1 + words_for(size)
        if first > index + length:  # another processor's view of what was just written
            return
        yield bytes(buffer[begin : begin + size]), first, index + length - first
        index += length


def words_for(size: int) -> int:
    """Return how many words hold ``size`` bytes."""
    return -(-size // WORD)
