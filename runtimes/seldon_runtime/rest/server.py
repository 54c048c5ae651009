"""uvicorn as the engine of the REST front, and how it drains."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Generator, Mapping

import uvicorn

from ..model import Model
from ..runtime import Context
from ..settings import port_number
from ..variables import whole
from .app import Rest
from .http_protocol import HttpProtocol
from .listener import BACKLOG, emptied, listening
from .plugin import PORTS

# Longer than most proxies keep an idle connection: who closes first must not be us, or a request is lost.
KEEP_ALIVE = 75
# How long open connections may still bring a request that was on its way when the signal to stop came.
LINGER = 0.3


class RestFront:
    """HTTP being served; made by ``start``."""

    def __init__(self, server: _Server, serving: asyncio.Task[None]) -> None:
        self._server, self._serving = server, serving

    @classmethod
    async def start(cls, model: Model, context: Context) -> RestFront:
        """Open the port; PortUnavailable where it is taken."""
        # Its story is ours to tell; its warnings stay.
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        listener = context.listeners.get("http") or listening(
            context.settings.host, http_port(context.variables), PORTS[0].variable
        )
        server = _Server(Rest(model, context.settings.largest_body))
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started and not serving.done():
            await asyncio.sleep(0)
        if serving.done():
            serving.result()
        return cls(server, serving)

    def begin(self) -> None:
        """Do nothing: every request asks whether the model is there."""

    async def stop(self) -> None:
        """Answer what was accepted and close."""
        self._server.should_exit = True
        await self._serving


class _Server(uvicorn.Server):
    def __init__(self, application: Rest) -> None:
        self._application = application
        super().__init__(
            uvicorn.Config(
                application,
                loop="none",
                http=HttpProtocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE,
                # Named, so that WEB_CONCURRENCY has no say.
                workers=1,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # Signals are the process's business: several fronts may stop together.
        yield

    def install_signal_handlers(self) -> None:
        """Do nothing: the same, under the name that uvicorn before 0.29 knows."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take in who already reached the port, ask everybody to leave, then wait for the last answer."""
        self._application.draining = True
        for listener in sockets or ():
            await emptied(listener)
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        end = loop.time() + LINGER
        while self.server_state.connections and loop.time() < end:
            await asyncio.sleep(0.01)
        await super().shutdown(sockets)


def http_port(variables: Mapping[str, str]) -> int:
    """Return the port of REST; the variable of older platforms counts where the newer one is unset."""
    legacy = whole(variables, "PREDICTIVE_UNIT_SERVICE_PORT", PORTS[0].number, high=65535)
    return port_number(PORTS[0], variables, legacy)
