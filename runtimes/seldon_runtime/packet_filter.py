"""What the kernel lets through to a socket, decided before a process hears of it."""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
from collections.abc import Sequence
from typing import TypeAlias

# Classic BPF: code, jumps where a test holds and where it does not, operand.
Program: TypeAlias = Sequence["tuple[int, int, int, int]"]

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27


def attach(filtered: socket.socket, program: Program) -> None:
    """Drop what ``program`` says from now on; a kernel without filters goes on letting everything through."""
    steps = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    described = struct.pack("HP", len(program), ctypes.addressof(steps))
    with contextlib.suppress(OSError):
        filtered.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, described)


def detach(filtered: socket.socket) -> None:
    """Let everything through again."""
    with contextlib.suppress(OSError):
        filtered.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
