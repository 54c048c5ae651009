"""Calls of a component's methods, from the bytes of a request to those of its answer.

grpcio reads a request on the thread that is to answer it. That must not be one of the model's: a client that
takes its time to send would keep everybody else waiting. So a few threads read, hand over to the model and
wait, which is no slower either, for the next request is read while the model works on this one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias

import grpc

from ..component.method import Method
from ..logs import access_logger
from ..message import Answer, Request
from ..model import Model
from ..proto.encode import encode
from ..proto.request import ProtoRequest
from ..request_errors import DeadlineExceeded, Overloaded, RequestError
from ..runtime import Context
from .pools import Pools
from .services import Handler, Rpc
from .status import told

CONTENT_TYPE = "application/grpc"

Behavior: TypeAlias = Callable[[bytes, grpc.ServicerContext], bytes]
# Hands a request to the model.
Ask: TypeAlias = Callable[[bytes], "Future[bytes]"]


class Ways(NamedTuple):
    """How a call of one method goes on: answered by the model, or refused without it."""

    answer: Handler
    overloaded: Handler


class Calls:
    """Makes the handlers of calls that go to the model, once it is loaded."""

    def __init__(self, model: Model, context: Context) -> None:
        self._model, self._codec, self._recorder = model, context.codec, context.recorder
        self._access = access_logger(context.settings)
        self._timeout = context.settings.timeout or None
        self._most_waiting = context.settings.most_waiting
        self._pools = Pools(context.settings.threads)
        self._open: set[grpc.ServicerContext] = set()

    @property
    def is_overloaded(self) -> bool:
        """Whether as many calls wait as may."""
        return self._pools.waiting + self._model.threads.waiting >= self._most_waiting

    @property
    def is_idle(self) -> bool:
        """Whether every call is answered, and its answer sent."""
        return self._pools.are_idle and not self._open

    def ways(self, rpc: Rpc) -> Ways:
        """Return the handlers of one path."""
        method = self._model.component.methods[rpc.method]
        behavior = self._behavior(rpc, self._ask(method, rpc))
        # Where grpcio looks for the threads to call it on.
        behavior.experimental_thread_pool = (  # type: ignore[attr-defined]  # functions take attributes
            self._pools.awaiting if method.is_async else self._pools.readers
        )
        return Ways(
            grpc.unary_unary_rpc_method_handler(behavior),
            self.refusing(rpc, lambda: Overloaded(self._most_waiting)),
        )

    def refusing(self, rpc: Rpc, error: Callable[[], RequestError]) -> Handler:
        """Return what refuses every call of a path."""

        def refuse(_: object, context: grpc.ServicerContext) -> bytes:
            self._recorder.began("grpc")
            code, details = told(error())
            self._ended(rpc, code, perf_counter(), 0)
            context.abort(code, details)

        # As if requests came in streams: such a request is read by who asks for it, and nobody does.
        return grpc.stream_unary_rpc_method_handler(refuse)

    def _behavior(self, rpc: Rpc, ask: Ask) -> Behavior:
        began, timeout, calls = self._recorder.began, self._timeout, self._open

        def behavior(body: bytes, context: grpc.ServicerContext) -> bytes:
            start = perf_counter()
            began("grpc")
            try:
                future = ask(body)

                def over() -> None:
                    future.cancel()
                    calls.discard(context)

                calls.add(context)
                if not context.add_callback(over):
                    over()
                answer = _awaited(future, timeout)
            except _Left:
                code, details = grpc.StatusCode.CANCELLED, "the client left"
            except Exception as error:  # noqa: BLE001 - the client is told, and what is a bug is logged
                code, details = told(error)
            else:
                self._ended(rpc, grpc.StatusCode.OK, start, len(answer))
                return answer
            self._ended(rpc, code, start, 0)
            return context.abort(code, details)

        return behavior

    def _ended(self, rpc: Rpc, code: grpc.StatusCode, start: float, size: int) -> None:
        seconds = perf_counter() - start
        self._recorder.ended(rpc.method, "grpc", code.name, seconds)
        if self._access:
            self._access("POST", rpc.path, code.name, seconds, size)

    def _ask(self, method: Method[Any], rpc: Rpc) -> Ask:
        """Return what hands a request to the model: to a thread of it, or to the loop."""
        request, written = self._codecs(rpc)
        model = self._model

        def now(body: bytes) -> bytes:
            return written(method.call(request(body)))

        async def later(body: bytes) -> bytes:
            return written(await method.later(request(body)))

        if method.is_async:
            return lambda body: self._on_loop(model.within(later(body)))
        if model.settings.inline:
            return lambda body: self._on_loop(model.run(now, body))
        submit = model.threads.submit
        return lambda body: submit(now, body)

    def _on_loop(self, answer: Coroutine[Any, Any, bytes]) -> Future[bytes]:
        return asyncio.run_coroutine_threadsafe(answer, self._model.loop)

    def _codecs(self, rpc: Rpc) -> tuple[Callable[[bytes], Request], Callable[[Answer], bytes]]:
        codec, name = self._codec, rpc.message
        if codec is None or rpc.method != "predict":
            return lambda body: ProtoRequest(body, name), encode
        return (
            lambda body: codec.request(body, CONTENT_TYPE),
            lambda answer: codec.encode(answer, CONTENT_TYPE)[0],
        )


class _Left(Exception):
    """The client left, or its deadline passed, before the model began with its request."""


def _awaited(future: Future[bytes], timeout: float | None) -> bytes:
    """Return the answer; _Left where the model will not begin with the request any more."""
    try:
        return future.result(timeout)
    except Late as error:
        if timeout is None:
            raise
        future.cancel()
        raise DeadlineExceeded(timeout) from error
    except BaseException as error:
        if future.cancelled():
            raise _Left from error
        raise
