"""The ports that workers share, opened once, before any of them is there."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from ..errors import PortUnavailable
from ..life import Service
from ..rest.listener import listening
from ..runtime import Port
from ..settings import port_number

# A port that each worker opens for itself: its server takes no socket.
OPENED_BY_EACH = "grpc"


def open_ports(service: Service) -> Mapping[str, socket.socket]:
    """Open the ports by name; PortUnavailable.

    That of gRPC is only bound: nobody else can have it, and every worker still can (SO_REUSEPORT).
    """
    ports = (port for runtime in service.runtimes for port in runtime.ports)
    return {
        port.name: (_reserved if port.name == OPENED_BY_EACH else listening)(
            service.settings.host, _number(port, service.variables), port.variable
        )
        for port in ports
    }


def _number(port: Port, variables: Mapping[str, str]) -> int:
    if port.name != "http":
        return port_number(port, variables)
    # Imported only here: a worker forks from what is imported, and an image for gRPC alone has no uvicorn.
    from ..rest.front import http_port

    return http_port(variables)


def _reserved(host: str, number: int, variable: str) -> socket.socket:
    # Whoever listens there would go unnoticed otherwise, were it only to share the port as well.
    _bound(host, number, variable, shared=False).close()
    return _bound(host, number, variable, shared=True)


def _bound(host: str, number: int, variable: str, *, shared: bool) -> socket.socket:
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        holder.bind((host, number))
    except OSError as error:
        holder.close()
        raise PortUnavailable(number, variable, error) from error
    return holder
