"""gRPC's health checking protocol: whether calls are answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias

import grpc

from ..proto.messages import message_class, parsed
from ..request_errors import PayloadInvalid
from .services import Handler
from .status import told

NAME = "grpc.health.v1.Health"
SERVING, NOT_SERVING, UNKNOWN = b"\x08\x01", b"\x08\x02", b"\x08\x03"
# Serving as long as the process does: a probe that asks for it restarts no model that is being loaded.
LIVENESS = "liveness"

Send: TypeAlias = Callable[[bytes | None], None]


class Health:
    """Says SERVING of the server and its ``services`` from ``begin`` to ``end``, and of liveness always."""

    def __init__(self, services: Collection[str]) -> None:
        self._services = frozenset({"", NAME, *services})
        self._is_serving, self._has_ended = False, False
        self._telling = ThreadPoolExecutor(1, "grpc_health")
        self._lock, self._order = threading.Lock(), threading.Lock()
        self._watchers: dict[Send, str] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by path."""

        def watch(request: bytes, context: Any, send_response_callback: Send) -> None:
            self._watch(request, context, send_response_callback)

        # It is called back when there is news, and keeps no thread meanwhile.
        watch.experimental_non_blocking = True  # type: ignore[attr-defined]  # functions take attributes
        return {
            f"/{NAME}/Check": grpc.unary_unary_rpc_method_handler(self._check),
            f"/{NAME}/Watch": grpc.unary_stream_rpc_method_handler(watch),
        }

    def begin(self) -> None:
        """Say SERVING."""
        self._is_serving = True
        self._telling.submit(self._tell)

    def end(self) -> Future[None]:
        """Say NOT_SERVING, and let everybody go who watches; done when they are told."""
        self._is_serving, self._has_ended = False, True
        return self._telling.submit(self._tell)

    def _status(self, service: str) -> bytes:
        if service == LIVENESS:
            return SERVING
        if service not in self._services:
            return UNKNOWN
        return SERVING if self._is_serving else NOT_SERVING

    def _check(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        service = _service(request, context)
        status = self._status(service)
        if status == UNKNOWN:
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no service {service}")
        return status

    def _watch(self, request: bytes, context: grpc.ServicerContext, send: Send) -> None:
        service = _service(request, context)
        with self._lock:
            self._watchers[send] = service
        if not context.add_callback(lambda: self._forget(send)):
            self._forget(send)
        self._say(send, service)

    def _forget(self, send: Send) -> None:
        with self._lock:
            self._watchers.pop(send, None)

    def _tell(self) -> None:
        with self._lock:
            watchers = dict(self._watchers)
        for send, service in watchers.items():
            self._say(send, service)

    def _say(self, send: Send, service: str) -> None:
        # One at a time: what is said last is what holds.
        with self._order:
            # Asked first: who is told SERVING while the end begins must not be let go with that.
            has_ended = self._has_ended
            send(self._status(service))
            if has_ended:
                send(None)


def _service(request: bytes, context: grpc.ServicerContext) -> str:
    try:
        message: Any = parsed(message_class("grpc.health.v1.HealthCheckRequest"), request)
    except PayloadInvalid as error:
        context.abort(*told(error))
    return str(message.service)
