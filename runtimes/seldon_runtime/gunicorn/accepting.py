"""How workers share the connections that reach a port of theirs."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Collection
from typing import Any

import uvloop

from .board import Board, State

# Seconds that a worker leaves a connection to one with fewer, which may be kept from its loop by its model.
COURTESY = 0.01
# Seconds until a file may be free, where a process has as many as it may.
SHORTAGE = 0.1
logger = logging.getLogger("seldon_runtime")

ProtocolFactory = Callable[[], asyncio.Protocol]


class Share:
    """One worker's connections among those of all."""

    def __init__(self, board: Board, number: int) -> None:
        self._board, self._number = board, number

    @property
    def is_full(self) -> bool:
        """Whether another worker that serves has fewer."""
        board = self._board
        mine = board.connections[self._number]
        return bool(mine) and any(board.connections[other] < mine for other in board.places(State.SERVING))

    def began(self) -> None:
        """Count a connection."""
        self._board.connections[self._number] += 1

    def ended(self) -> None:
        """Count one less."""
        self._board.connections[self._number] -= 1


class WorkerLoop(uvloop.Loop):
    """An event loop whose servers take no more than their share of the connections to ``shared`` sockets.

    uvloop accepts whoever is at the door at once: clients that keep their connections, as all proxies do,
    would often all have the same worker.
    """

    share: Share
    shared: Collection[socket.socket] = ()

    async def create_server(  # type: ignore[override]  # asyncio's many ways to call it are handed on
        self, protocol_factory: ProtocolFactory, *arguments: Any, sock: Any = None, **keywords: Any
    ) -> Any:
        """Listen as asyncio does, or as one worker of several."""
        if sock is None or sock not in self.shared:
            return await super().create_server(protocol_factory, *arguments, sock=sock, **keywords)
        return Door(self, sock, protocol_factory)


class Door:
    """Accepts connections from one socket, one at a time (asyncio.Server, as far as uvicorn knows it)."""

    def __init__(self, loop: WorkerLoop, listener: socket.socket, factory: ProtocolFactory) -> None:
        self._loop, self._listener, self._factory = loop, listener, factory
        self._connecting: set[asyncio.Future[Any]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._is_open = True
        self.sockets = (listener,)
        listener.setblocking(False)
        self._watch()

    def _watch(self) -> None:
        self._loop.add_reader(self._listener, self._knocked)

    def _knocked(self) -> None:
        if self._loop.share.is_full:
            self._wait(COURTESY)
        else:
            self._accept()

    def _wait(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._pause = self._loop.call_later(seconds, self._waited)

    def _waited(self) -> None:
        self._watch()
        self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # another worker has it, or the client left
            return
        except OSError as error:
            logger.error("No connection can be accepted for now: %s", error)
            self._wait(SHORTAGE)
            return
        connection.setblocking(False)
        connecting = asyncio.ensure_future(
            self._loop.connect_accepted_socket(self._counted, connection), loop=self._loop
        )
        self._connecting.add(connecting)
        connecting.add_done_callback(self._connecting.discard)

    def _counted(self) -> asyncio.Protocol:
        protocol, share = self._factory(), self._loop.share
        lost = protocol.connection_lost

        def connection_lost(error: Exception | None) -> None:
            share.ended()
            # It refers to itself otherwise, for a collector to find.
            del vars(protocol)["connection_lost"]
            lost(error)

        vars(protocol)["connection_lost"] = connection_lost
        share.began()
        return protocol

    def close(self) -> None:
        """Accept nobody any more; the socket stays with the other workers."""
        self._is_open = False
        self._loop.remove_reader(self._listener)
        if self._pause:
            self._pause.cancel()

    async def wait_closed(self) -> None:
        """Wait for those that are being accepted."""
        if self._connecting:
            await asyncio.wait(self._connecting)

    def is_serving(self) -> bool:
        """Tell whether anybody is accepted."""
        return self._is_open
