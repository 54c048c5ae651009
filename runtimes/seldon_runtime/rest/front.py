"""The REST front: its port, and the application behind it."""

from __future__ import annotations

from ..listener import listener_of
from ..model import Model
from ..runtime import Context
from ..variables import seconds, whole
from .app import Rest
from .exchange import Terms
from .plugin import PORTS
from .server import HttpServer

# Longer than most proxies keep an idle connection: who closes first must not be us, or a request is lost.
KEEP_ALIVE = 75
# For a head and, beyond what its size explains, a body: slow networks manage, slow attacks do not.
PATIENCE = 60.0


class RestFront:
    """HTTP being served; made by ``start``."""

    def __init__(self, server: HttpServer, application: Rest) -> None:
        self._server, self._application = server, application

    @classmethod
    async def start(cls, model: Model, context: Context) -> RestFront:
        """Open the port; PortUnavailable where it is taken."""
        listener, shared = listener_of(PORTS[0], context), PORTS[0].name in context.listeners
        application = Rest(model, context)
        server = HttpServer(application, listener, terms=_terms(context), shared=shared)
        await server.start()
        return cls(server, application)

    def begin(self) -> None:
        """Answer every path: the model is loaded."""
        self._application.begin()

    async def stop(self) -> None:
        """Answer what was accepted and close."""
        await self._server.stop()


def _terms(context: Context) -> Terms:
    variables = context.variables
    return Terms(
        largest_body=context.settings.largest_body,
        patience=seconds(variables, "SELDON_CLIENT_SECONDS", PATIENCE),
        keep_alive=whole(variables, "GUNICORN_KEEPALIVE", KEEP_ALIVE, high=86400),
    )
