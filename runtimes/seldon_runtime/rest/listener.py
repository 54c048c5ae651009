"""A listening socket that can be closed without losing who is at the door."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import select
import socket
import struct

from ..errors import PortUnavailable

BACKLOG = 2048
# Handshakes that began before the door was shut end within a round trip.
ROUND_TRIP = 0.05
SO_ATTACH_FILTER = 26
# A classic BPF program: drop a TCP segment whose flags (byte 13) say SYN and not ACK, keep all others.
REFUSE_SYN = (
    (0x30, 0, 0, 13),  # load the byte
    (0x54, 0, 0, 0x12),  # and it with SYN | ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # keep
)


def listening(host: str, port: int, variable: str) -> socket.socket:
    """Open ``port``; PortUnavailable, which names ``variable``, where that cannot be."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise PortUnavailable(port, variable, error) from error
    return listener


async def emptied(listener: socket.socket) -> None:
    """Let nobody new begin a handshake and wait until everybody who did was accepted.

    Closing a port resets the connections that the kernel holds for it: their clients believe to be
    connected and may have sent a request. Whoever begins now tries again, and finds the port closed.
    """
    _refuse_new(listener)
    await asyncio.sleep(ROUND_TRIP)
    waiting = select.poll()
    waiting.register(listener, select.POLLIN)
    while waiting.poll(0):
        await asyncio.sleep(0)


def _refuse_new(listener: socket.socket) -> None:
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in REFUSE_SYN))
    described = struct.pack("HP", len(REFUSE_SYN), ctypes.addressof(program))
    # A kernel without filters: closing then loses who arrives within some microseconds.
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, described)
