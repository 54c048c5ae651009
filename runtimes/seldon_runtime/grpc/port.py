"""The port of gRPC, which grpcio opens by itself."""

from __future__ import annotations

import errno
import os
import socket

import grpc

from ..errors import PortUnavailable


def open_port(server: grpc.Server, host: str, port: int, variable: str, *, shared: bool) -> None:
    """Let ``server`` listen; PortUnavailable, which names ``variable``, where that cannot be.

    A ``shared`` port is held for us by a process model, so that nobody else can have it.
    """
    if not shared:
        _ask_kernel(host, port, variable)
    try:
        opened = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError:
        opened = 0
    if not opened:
        raise PortUnavailable(port, variable, OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)))


def _ask_kernel(host: str, port: int, variable: str) -> None:
    """Try to have the port: grpcio only says that it failed, not why."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortUnavailable(port, variable, error) from error
