"""Opening a port, and closing it without losing who is at the door."""

from __future__ import annotations

import asyncio
import select
import socket
from typing import TYPE_CHECKING

from . import packet_filter
from .errors import PortUnavailable

if TYPE_CHECKING:
    from .runtime import Context, Port

BACKLOG = 2048
# Handshakes that began before the door was shut end within a round trip.
ROUND_TRIP = 0.05
# Drop a TCP segment whose flags (byte 13) say SYN and not ACK, keep all others.
REFUSE_SYN = (
    (0x30, 0, 0, 13),  # load the byte
    (0x54, 0, 0, 0x12),  # and it with SYN | ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # keep
)


def listener_of(port: Port, context: Context) -> socket.socket:
    """Return the listener of ``port``: the process model's, else one that is opened now; PortUnavailable."""
    inherited = context.listeners.get(port.name)
    return inherited or listening(context.settings.host, port.number_by(context.variables), port.variable)


def listening(host: str, port: int, variable: str) -> socket.socket:
    """Open ``port``; PortUnavailable, which names ``variable``, where that cannot be."""
    listener = bound(host, port, variable)
    try:
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise PortUnavailable(port, variable, error) from None
    return listener


def bound(host: str, port: int, variable: str, *, shared: bool = False) -> socket.socket:
    """Take ``port`` without listening, ``shared`` with whoever asks for that too; PortUnavailable."""
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        holder.bind((host, port))
    except OSError as error:
        holder.close()
        raise PortUnavailable(port, variable, error) from None
    return holder


def listens(candidate: socket.socket) -> bool:
    """Tell a socket that takes connections from one that is a connection, or only holds a port."""
    return bool(candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


async def emptied(listener: socket.socket) -> None:
    """Let nobody new begin a handshake and wait until everybody who did was accepted.

    Closing a port resets the connections that the kernel holds for it: their clients believe to be
    connected and may have sent a request. Whoever begins now tries again, and finds the port closed.
    """
    # Without filters closing loses who arrives within some microseconds.
    packet_filter.attach(listener, REFUSE_SYN)
    await asyncio.sleep(ROUND_TRIP)
    waiting = select.poll()
    waiting.register(listener, select.POLLIN)
    while waiting.poll(0):
        await asyncio.sleep(0)
