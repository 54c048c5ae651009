"""The port of gRPC, which grpcio opens by itself."""

from __future__ import annotations

import errno
import os

import grpc

from ..errors import PortUnavailable
from ..listener import bound


def open_port(server: grpc.Server, host: str, port: int, variable: str, *, shared: bool) -> None:
    """Let ``server`` listen; PortUnavailable, which names ``variable``, where that cannot be.

    A ``shared`` port is held for us by a process model, so that nobody else can have it.
    """
    if not shared:
        # grpcio only says that it failed, not why.
        bound(host, port, variable).close()
    try:
        opened = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError:
        opened = 0
    if not opened:
        raise PortUnavailable(port, variable, OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)))
