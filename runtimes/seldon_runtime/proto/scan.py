"""Find the numbers of a SeldonMessage in its bytes, where they are written the usual way.

The usual way is what every protobuf library writes: each field once, in the order of the numbers. Whatever
differs is left to a real parser, which also tells what is wrong with it: IndexError and None say so.
"""

from __future__ import annotations

from typing import NamedTuple

from .wire import varint_at

META, DATA = 0x12, 0x1A
NAMES, TENSOR, NDARRAY = 0x0A, 0x12, 0x1A
SHAPE, VALUES = 0x0A, 0x12
# A longer one stands for a negative number.
LONGEST = 1 << 31


class Data(NamedTuple):
    """Where a message keeps its data: from and to which byte."""

    names: list[str]
    tensor: bool
    payload: tuple[int, int]
    meta: tuple[int, int]


def data_in(body: bytes) -> Data | None:
    """Find a tensor or ndarray, and the meta, if the message holds nothing else."""
    position, end, meta = 0, len(body), (0, 0)
    if end and body[0] == META:
        size, start = varint_at(body, 1)
        position = start + size
        meta = (start, position)
    if position >= end or body[position] != DATA:
        return None
    size, position = varint_at(body, position + 1)
    if position + size != end:
        return None
    names: list[str] = []
    while body[position] == NAMES:
        size, position = varint_at(body, position + 1)
        names.append(body[position : position + size].decode())
        position += size
    tag = body[position]
    size, position = varint_at(body, position + 1)
    if position + size != end or tag not in (TENSOR, NDARRAY):
        return None
    return Data(names, tag == TENSOR, (position, end), meta)


def tensor_in(body: bytes, start: int, end: int) -> tuple[tuple[int, ...], int, int] | None:
    """Find the shape of a tensor, at which byte its values begin, and how many there are."""
    if start == end:
        return None
    shape: list[int] = []
    if body[start] == SHAPE:
        size, start = varint_at(body, start + 1)
        after = start + size
        while start < after:
            length, start = varint_at(body, start)
            shape.append(length)
        if start != after or any(length >= LONGEST for length in shape):
            return None
    if start == end:
        return tuple(shape), end, 0
    size, values = varint_at(body, start + 1)
    if body[start] != VALUES or values + size != end or size % 8:
        return None
    return tuple(shape), values, size // 8
