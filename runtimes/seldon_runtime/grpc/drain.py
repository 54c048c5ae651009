"""How a server of grpcio is stopped without losing a call.

When it is told to stop, grpcio cancels every call that reaches it until the client knows: of busy clients
some calls are always on their way. So it is told in silence: for a moment the kernel drops what clients
send, what arrived is answered, and only then the connections are closed. Clients are told by that which of
their calls were not begun (HTTP/2's GOAWAY), and send those elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from .. import packet_filter

# Drop a TCP segment that is longer than its header, keep mere acknowledgements.
REFUSE_DATA = (
    (0x30, 0, 0, 12),  # load the byte with the header's length
    (0x74, 0, 0, 4),  # in words, the upper half
    (0x64, 0, 0, 2),  # in bytes
    (0x07, 0, 0, 0),  # keep it in X
    (0x80, 0, 0, 0),  # load the segment's length
    (0x2D, 0, 1, 0),  # more than X?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # keep
)
# What arrived before is read, and answers are on their way, within that time.
SETTLED = 0.05


async def in_silence(port: int, is_idle: Callable[[], bool], patience: float) -> bool:
    """Refuse what clients send until nothing is left to do; whether that came about within ``patience``."""
    connections = [found for found in sockets_on(port) if _is_connected(found)]
    try:
        for connection in connections:
            # Without filters calls that arrive at the last moment are cancelled.
            packet_filter.attach(connection, REFUSE_DATA)
        if await _settled(is_idle, patience):
            return True
        for connection in connections:
            packet_filter.detach(connection)
        return False
    finally:
        for connection in connections:
            connection.close()


async def _settled(is_idle: Callable[[], bool], patience: float) -> bool:
    loop = asyncio.get_running_loop()
    end, since = loop.time() + patience, loop.time()
    while loop.time() < end:
        await asyncio.sleep(0.005)
        if not is_idle():
            since = loop.time()
        elif loop.time() - since > SETTLED:
            return True
    return False


def sockets_on(port: int) -> Sequence[socket.socket]:
    """Return duplicates of this process's TCP sockets on ``port``: grpcio does not show its own."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            duplicate = socket.socket(fileno=os.dup(int(entry.name)))
        except OSError:  # no socket, or closed meanwhile
            continue
        if _is_on(duplicate, port):
            found.append(duplicate)
        else:
            duplicate.close()
    return found


def _is_on(candidate: socket.socket, port: int) -> bool:
    tcp = candidate.family in (socket.AF_INET, socket.AF_INET6) and candidate.type == socket.SOCK_STREAM
    try:
        return tcp and candidate.getsockname()[1] == port
    except OSError:
        return False


def _is_connected(candidate: socket.socket) -> bool:
    try:
        return bool(candidate.getpeername())
    except OSError:
        return False
