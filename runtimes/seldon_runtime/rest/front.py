"""The REST front: its port, and the application behind it."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import Model
from ..runtime import Context
from ..settings import port_number
from ..variables import whole
from .app import Rest
from .listener import listening
from .plugin import PORTS
from .server import KEEP_ALIVE, HttpServer


class RestFront:
    """HTTP being served; made by ``start``."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server

    @classmethod
    async def start(cls, model: Model, context: Context) -> RestFront:
        """Open the port; PortUnavailable where it is taken."""
        inherited = context.listeners.get("http")
        listener = inherited or listening(
            context.settings.host, http_port(context.variables), PORTS[0].variable
        )
        application = Rest(model, context.settings.largest_body)
        keep_alive = whole(context.variables, "GUNICORN_KEEPALIVE", KEEP_ALIVE, high=86400)
        server = HttpServer(application, listener, keep_alive=keep_alive, shared=inherited is not None)
        await server.start()
        return cls(server)

    def begin(self) -> None:
        """Do nothing: every request asks whether the model is there."""

    async def stop(self) -> None:
        """Answer what was accepted and close."""
        await self._server.stop()


def http_port(variables: Mapping[str, str]) -> int:
    """Return the port of REST; the variable of older platforms counts where the newer one is unset."""
    legacy = whole(variables, "PREDICTIVE_UNIT_SERVICE_PORT", PORTS[0].number, high=65535)
    return port_number(PORTS[0], variables, legacy)
