"""The one prefix in place of the placeholder that a package was built with."""

from __future__ import annotations

import io
import mmap
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, cast

from seldon_builder.prefix import DEPENDENCIES

from .contents import TEXT

_PREFIX = DEPENDENCIES.encode()
_READ = 1 << 20
MOST_PLACES = 100_000


class PrefixTooLong(Exception):
    """The placeholder in a program leaves no room for the prefix of the image."""


class PlacesTooMany(Exception):
    """A file holds the placeholder so often that it was made to exhaust whoever replaces it."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes that take the place of those from ``start`` to ``end``."""

    start: int
    end: int
    new: bytes


@dataclass(frozen=True)
class Piece:
    """Content that is a part of a file, patched; the file stays open until the layer is packed."""

    file: BinaryIO
    start: int
    length: int
    patches: Sequence[Patch] = ()

    @property
    def size(self) -> int:
        """How many bytes it is, patches included."""
        return self.length + sum(len(patch.new) - (patch.end - patch.start) for patch in self.patches)

    def open(self) -> BinaryIO:
        """Open the bytes from their start."""
        if not self.patches and self.length <= _READ:
            return io.BytesIO(os.pread(self.file.fileno(), self.length, self.start))
        return cast(BinaryIO, io.BufferedReader(_Parts(self.parts()), _READ))

    def parts(self) -> Iterator[bytes]:
        """Yield the bytes in parts."""
        at = self.start
        for patch in self.patches:
            yield from self._read(at, patch.start)
            yield patch.new
            at = patch.end
        yield from self._read(at, self.start + self.length)

    def _read(self, start: int, end: int) -> Iterator[bytes]:
        while start < end and (part := os.pread(self.file.fileno(), min(_READ, end - start), start)):
            yield part
            start += len(part)


class _Parts(io.RawIOBase):
    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts, self._rest = parts, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = part
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def with_prefix(piece: Piece, placeholder: str, mode: str) -> Piece:
    """Return ``piece`` with the prefix of the image in place of ``placeholder``.

    In text anything may move. In a program each string keeps its length: what the prefix is shorter is
    made up for by zeros behind the string, and PrefixTooLong where it is longer. PlacesTooMany for more
    of them than any file has.
    """
    if not piece.length:
        return piece
    with mmap.mmap(piece.file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        bounds = piece.start, piece.start + piece.length
        patches = _in_text if mode == TEXT else _in_program
        found = tuple(islice(patches(whole, placeholder.encode(), *bounds), MOST_PLACES + 1))
    if len(found) > MOST_PLACES:
        raise PlacesTooMany
    return Piece(piece.file, piece.start, piece.length, found)


def _in_text(whole: mmap.mmap, old: bytes, start: int, end: int) -> Iterator[Patch]:
    while (at := whole.find(old, start, end)) >= 0:
        start = at + len(old)
        yield Patch(at, start, _PREFIX)


def _in_program(whole: mmap.mmap, old: bytes, start: int, end: int) -> Iterator[Patch]:
    """Yield the patches of each string that holds ``old``, then the zeros behind it."""
    while (first := whole.find(old, start, end)) >= 0:
        start = whole.find(b"\0", first, end)
        if start < 0:
            # What has no end is no string, and nothing behind it is one either.
            return
        if len(_PREFIX) > len(old):
            raise PrefixTooLong
        count = 0
        for count, patch in enumerate(_in_text(whole, old, first, start), 1):  # noqa: B007  the last counts
            yield patch
        yield Patch(start, start, bytes(count * (len(old) - len(_PREFIX))))
