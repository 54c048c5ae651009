"""uvicorn as the engine of whatever answers HTTP, and how it drains."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from email.utils import formatdate
from typing import Any, TypeAlias

import uvicorn

from ..listener import BACKLOG, emptied
from .exchange import Terms
from .http_protocol import HttpProtocol

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
# ASGI 3, HTTP alone.
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

# How long open connections may still bring a request that was on its way when the signal to stop came.
LINGER = 0.3


class HttpServer:
    """Serves ``application`` on an open ``listener``, and stops without losing a request.

    ``shared`` tells that other processes accept from the listener too: stopping then leaves to them who is
    still at the door.
    """

    def __init__(
        self,
        application: Application,
        listener: socket.socket,
        *,
        terms: Terms | None = None,
        shared: bool = False,
    ) -> None:
        self._listener = listener
        self._server = _Server(application, terms or Terms(), shared)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Answer from now on."""
        # Its story is ours to tell; its warnings stay.
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        self._serving = asyncio.create_task(self._server.serve([self._listener]))
        while not self._server.started and not self._serving.done():
            await asyncio.sleep(0)
        if self._serving.done():
            self._serving.result()

    async def stop(self) -> None:
        """Answer what was accepted, ask clients to leave with their next answer, and close."""
        self._server.should_exit = True
        if self._serving:
            await self._serving


class _Server(uvicorn.Server):
    def __init__(self, application: Application, terms: Terms, shared: bool) -> None:
        self._terms, self._shared = terms, shared
        super().__init__(
            uvicorn.Config(
                application,
                loop="none",
                http=type("Protocol", (HttpProtocol,), {"terms": terms}),
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
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

    async def on_tick(self, counter: int) -> bool:
        """Once a second, look at the clock and at who lets us wait; tell whether to stop."""
        if counter % 10 == 0:
            self._terms.lines = f"date: {formatdate(usegmt=True)}\r\n".encode()
            self._hurry()
        return self.should_exit

    def _hurry(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self.server_state.connections):
            if isinstance(connection, HttpProtocol):
                connection.hurry(now)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take in who already reached the port, ask everybody to leave, then wait for the last answer."""
        self._terms.is_leaving = True
        if not self._shared:
            for listener in sockets or ():
                await emptied(listener)
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        end = loop.time() + LINGER
        while self.server_state.connections and loop.time() < end:
            await asyncio.sleep(0.01)
        await super().shutdown(sockets)
