"""Rectangular lists of numbers on the wire, as numpy sees them.

A number in a google.protobuf.ListValue is always the same eleven bytes with another double in them, and
rows of one length have one header: such a list is a strided array with constant bytes between.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from .wire import varint, varint_at

# values { number_value: 0 }
NUMBER = b"\x0a\x09\x11" + bytes(8)
# Fewer than any numpy has.
MOST_DIMENSIONS = 16
# Larger templates are made anew each time: their memory is worth more than the microseconds.
LARGEST_KEPT = 1 << 18


@dataclass(frozen=True)
class Template:
    """A list of zeros in some shape: its bytes, and where in them the numbers are."""

    content: bytes
    offset: int
    strides: tuple[int, ...]

    def numbers(self, buffer: bytearray, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
        """Return the numbers of ``buffer``, which is laid out like this, as an array over its memory."""
        return np.ndarray(shape, "<f8", buffer, self.offset, self.strides)


def _made(shape: tuple[int, ...]) -> Template:
    content, offset, strides = NUMBER * shape[-1], 3, [len(NUMBER)]
    for count in reversed(shape[:-1]):
        header = _header(len(content))
        offset += len(header)
        strides.insert(0, len(header) + len(content))
        content = (header + content) * count
    return Template(content, offset, tuple(strides))


_kept = lru_cache(maxsize=16)(_made)


def _template(shape: tuple[int, ...]) -> Template:
    return _kept(shape) if prod(shape) * len(NUMBER) <= LARGEST_KEPT else _made(shape)


def _header(size: int) -> bytes:
    """Write what precedes a list of ``size`` bytes that is an element of another list."""
    inner = b"\x32" + varint(size)
    return b"\x0a" + varint(len(inner) + size) + inner


def list_of(array: npt.NDArray[Any]) -> bytes | bytearray:
    """Write an array of numbers, of one dimension or more, as the content of a ListValue."""
    template = _template(array.shape)
    if not array.size:
        return template.content
    buffer = bytearray(template.content)
    template.numbers(buffer, array.shape)[...] = array
    return buffer


def array_in(body: bytes, start: int, end: int) -> npt.NDArray[np.float64] | None:
    """Read the content of a ListValue; None where it is not rectangular, or not of numbers alone."""
    try:
        shape = _shape(body, start, end)
    except IndexError:  # a length that is cut off
        return None
    if shape is None:
        return None
    template = _template(shape)
    if len(template.content) != end - start:
        return None
    buffer = bytearray(memoryview(body)[start:end])
    numbers = template.numbers(buffer, shape)
    array = np.array(numbers, np.float64, order="C")
    numbers[...] = 0.0
    return array if buffer == template.content else None


def _shape(body: bytes, start: int, end: int) -> tuple[int, ...] | None:
    """Return the shape that the list has if all its elements are as long as the first."""
    shape: list[int] = []
    while len(shape) < MOST_DIMENSIONS and end - start >= len(NUMBER):
        if body[start : start + 3] == NUMBER[:3]:
            return (*shape, (end - start) // len(NUMBER))
        _, inside = varint_at(body, start + 1)
        size, inside = varint_at(body, inside + 1)
        if inside + size > end:
            return None
        shape.append((end - start) // (inside - start + size))
        start, end = inside, inside + size
    return None
