"""The gRPC front: a server of grpcio, and which handler a call goes to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import grpc

from ..listener import emptied, listens
from ..model import Model
from ..request_errors import NotReady
from ..runtime import Context
from ..variables import whole
from .calls import Calls, Ways
from .drain import in_silence, sockets_on
from .health import NAME as HEALTH
from .health import Health
from .metadata import metadata_handlers
from .plugin import PORTS
from .port import open_port
from .reflection import Reflection
from .services import Handler, rpcs, services

SIZE = "SELDON_GRPC_MAX_MESSAGE_BYTES"
LARGEST_SIZE = (1 << 31) - 1
# For what never waits for the model: health, metadata, refusals.
BESIDE = 64
# The part of the grace period in which a moment without a call is waited for.
PATIENCE = 0.25
# Seconds for the news to arrive that the server stops.
NEWS = 0.1


class Paths(grpc.GenericRpcHandler):
    """Finds the handler of a call by its path."""

    def __init__(self, calls: Calls, others: Mapping[str, Handler]) -> None:
        self._calls, self._others = calls, dict(others)
        self._ways: Mapping[str, Ways] = {}

    def begin(self, ways: Mapping[str, Ways]) -> None:
        """Let calls go to the model from now on."""
        self._ways = ways

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        """Return the handler, None where nothing is served at the path."""
        path = handler_call_details.method
        ways = self._ways.get(path)
        if ways is None:
            return self._others.get(path)
        return ways.overloaded if self._calls.is_overloaded else ways.answer


class GrpcFront:
    """gRPC being served; made by ``start``."""

    def __init__(self, model: Model, context: Context) -> None:
        self._grace = context.settings.grace
        self._port = PORTS[0].number_by(context.variables)
        self._rpcs = tuple(rpcs(context.settings.methods))
        names = services(context.settings.methods)
        self._calls = Calls(model, context)
        beside = ThreadPoolExecutor(BESIDE, "grpc_beside")
        self._health, self._reflection = Health(names), Reflection((*names, HEALTH))
        others = {
            **{rpc.path: self._calls.refusing(rpc, NotReady) for rpc in self._rpcs},
            **metadata_handlers(model),
            **self._health.handlers(),
            **self._reflection.handlers(),
        }
        self._paths = Paths(self._calls, others)
        self._server = grpc.server(beside, handlers=[self._paths], options=_options(context))

    @classmethod
    async def start(cls, model: Model, context: Context) -> GrpcFront:
        """Open the port; PortUnavailable where it is taken."""
        front = cls(model, context)
        shared = PORTS[0].name in context.listeners
        open_port(front._server, context.settings.host, front._port, PORTS[0].variable, shared=shared)
        front._server.start()
        return front

    def begin(self) -> None:
        """Let calls go to the model."""
        self._paths.begin({rpc.path: self._calls.ways(rpc) for rpc in self._rpcs})
        self._health.begin()

    async def stop(self) -> None:
        """Answer what was accepted and close."""
        loop = asyncio.get_running_loop()
        await asyncio.wrap_future(self._health.end())
        self._reflection.end()
        await self._shut_the_door()
        is_idle = await in_silence(self._port, lambda: self._calls.is_idle, self._grace * PATIENCE)
        is_over = self._server.stop(self._grace)
        if is_idle:
            # Clients begin no call more once they heard of it; then nobody writes to what is closed.
            await asyncio.sleep(NEWS)
            await loop.run_in_executor(None, self._server.stop, None)
        while not is_over.is_set():
            await asyncio.sleep(0.01)

    async def _shut_the_door(self) -> None:
        doors = [found for found in sockets_on(self._port) if listens(found)]
        await asyncio.gather(*map(emptied, doors))
        for door in doors:
            door.close()


def _options(context: Context) -> list[tuple[str, int]]:
    size = whole(
        context.variables, SIZE, min(context.settings.largest_body, LARGEST_SIZE), low=1, high=LARGEST_SIZE
    )
    return [
        ("grpc.max_receive_message_length", size),
        ("grpc.max_send_message_length", size),
        ("grpc.so_reuseport", int(PORTS[0].name in context.listeners)),
    ]
