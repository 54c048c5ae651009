"""Pieces of protobuf's wire format by hand, for what is too slow through message objects.

Field tags are single bytes: (field number << 3) | wire type, of which 0 is a varint, 1 eight bytes, 2 a
length and as many bytes, 5 four bytes.
"""

from __future__ import annotations

import struct

DOUBLE = struct.Struct("<d").pack
SINGLE = struct.Struct("<f").pack


def varint(number: int) -> bytes:
    """Write an integer; negative ones take ten bytes, as the format has it."""
    if 0 <= number < 0x80:
        return bytes((number,))
    number &= 0xFFFFFFFFFFFFFFFF
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def varint_at(body: bytes, position: int) -> tuple[int, int]:
    """Read an unsigned integer; return it and where it ends. IndexError where the body ends before."""
    number = body[position]
    position += 1
    if number < 0x80:
        return number, position
    number &= 0x7F
    shift = 7
    while True:
        byte = body[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
        if shift > 63:
            raise IndexError("a varint has at most ten bytes")


def framed(tag: bytes, content: bytes | bytearray) -> bytes:
    """Write a field of bytes, text or another message."""
    return tag + varint(len(content)) + content


def text(tag: bytes, value: object) -> bytes:
    """Write a field of text."""
    return framed(tag, str(value).encode())


def single(value: float) -> bytes:
    """Write a number in single precision; what is too large for it becomes infinite."""
    try:
        return SINGLE(float(value))
    except OverflowError:
        return SINGLE(float("inf") if value > 0 else float("-inf"))


def entry(tag: bytes, key: str, value: bytes) -> bytes:
    """Write one entry of a map with keys of text; ``value`` is the field that holds the value."""
    return framed(tag, text(b"\x0a", key) + value)
