"""The ports that workers share, opened once, before any of them is there."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from ..life import Service
from ..listener import bound, listening
from ..runtime import Port


def open_ports(service: Service) -> Mapping[str, socket.socket]:
    """Open the ports by name; PortUnavailable.

    Those that each worker opens for itself are only bound: nobody else can have them, and every worker
    still can.
    """
    ports = (port for runtime in service.runtimes for port in runtime.ports)
    return {port.name: _opened(port, service) for port in ports}


def _opened(port: Port, service: Service) -> socket.socket:
    place = service.settings.host, port.number_by(service.variables), port.variable
    if not port.opened_by_each:
        return listening(*place)
    # Whoever listens there would go unnoticed otherwise, were it only to share the port as well.
    bound(*place).close()
    return bound(*place, shared=True)
