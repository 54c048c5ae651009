"""The REST front: an ASGI application without a framework."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from ..codec.json_codec import encode
from ..codec.json_request import JsonRequest
from ..model import Model
from ..request_errors import (
    AnswerInvalid,
    BodyTooLarge,
    DeadlineExceeded,
    MethodMissing,
    ModelFailed,
    NotReady,
    Overloaded,
    PathUnknown,
    PayloadInvalid,
    RequestError,
    VerbRefused,
)
from .request import Receive, Scope, read_body, seldon_message

Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON, TEXT = b"application/json", b"text/html; charset=utf-8"
BAD_DATA, INTERNAL = "MICROSERVICE_BAD_DATA", "MICROSERVICE_INTERNAL_ERROR"
STATUS: Mapping[type[RequestError], tuple[int, str]] = {
    PayloadInvalid: (400, BAD_DATA),
    AnswerInvalid: (400, BAD_DATA),
    MethodMissing: (400, BAD_DATA),
    BodyTooLarge: (413, "PAYLOAD_TOO_LARGE"),
    PathUnknown: (404, "NOT_FOUND"),
    VerbRefused: (405, "METHOD_NOT_ALLOWED"),
    ModelFailed: (500, INTERNAL),
    # What a plugin raises that is none of these.
    NotReady: (503, "NOT_READY"),
    Overloaded: (503, "OVERLOADED"),
    DeadlineExceeded: (504, "DEADLINE_EXCEEDED"),
    RequestError: (500, INTERNAL),
}
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """What goes back over HTTP."""

    body: bytes
    status: int = 200
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


Route: TypeAlias = Callable[[Scope, Receive], Awaitable[Reply]]


class Rest:
    """Answers Seldon's paths for one model.

    A body of more than ``largest_body`` bytes is refused.
    """

    def __init__(self, model: Model, largest_body: int) -> None:
        self._largest_body = largest_body
        self._model = model
        both, post = ("GET", "POST"), ("POST",)
        predict = self._method("predict")
        health = self._health
        self._routes: dict[str, tuple[Route, tuple[str, ...]]] = {
            "/predict": (predict, both),
            "/api/v1.0/predictions": (predict, post),
            "/api/v0.1/predictions": (predict, post),
            "/health/ping": (self._ping, ("GET",)),
            "/health/status": (health, ("GET",)),
            "/api/v1.0/health/status": (health, ("GET",)),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI 3)."""
        try:
            reply = await self._route(scope)(scope, receive)
        except RequestError as error:
            reply = refusal(error)
        except Exception:
            logger.exception("This is a bug of the server")
            reply = _status_reply(500, INTERNAL, "internal error")
        headers = [
            (b"content-type", reply.content_type),
            (b"content-length", b"%d" % len(reply.body)),
            *reply.headers,
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    def _route(self, scope: Scope) -> Route:
        path, verb = scope["path"], scope["method"]
        found = self._routes.get(path)
        if found is None:
            raise PathUnknown(f"nothing is served at {path}")
        route, verbs = found
        if verb not in verbs and not (verb == "HEAD" and "GET" in verbs):
            raise VerbRefused(verb, path, verbs)
        return route

    def _method(self, name: str) -> Route:
        """Return what answers the path of a method: on a thread of the model, or on the loop if async."""

        def now(scope: Scope, body: bytes) -> bytes:
            request = JsonRequest(seldon_message(scope, body))
            return encode(self._model.component.methods[name].call(request))

        async def later(scope: Scope, body: bytes) -> bytes:
            request = JsonRequest(seldon_message(scope, body))
            return encode(await self._model.component.methods[name].later(request))

        async def route(scope: Scope, receive: Receive) -> Reply:
            body = await read_body(scope, receive, self._largest_body)
            if self._model.component.methods[name].is_async:
                return Reply(await self._model.within(later(scope, body)))
            return Reply(await self._model.run(now, scope, body))

        return route

    async def _ping(self, _scope: Scope, _receive: Receive) -> Reply:
        return Reply(b"pong", content_type=TEXT)

    async def _health(self, _scope: Scope, _receive: Receive) -> Reply:
        method = self._model.component.methods["health_status"]
        request = JsonRequest(None)
        if method.is_async:
            return Reply(encode(await method.later(request)))
        return Reply(encode(await self._model.run_health(method.call, request)))


def refusal(error: RequestError) -> Reply:
    """Return the reply that tells ``error`` in Seldon's words."""
    status, reason = next(STATUS[cause] for cause in type(error).__mro__ if cause in STATUS)
    if isinstance(error, ModelFailed):
        logger.error("The model raised", exc_info=error.__cause__)
    reply = _status_reply(status, reason, str(error))
    if isinstance(error, VerbRefused):
        return Reply(reply.body, status, headers=((b"allow", ", ".join(error.allowed).encode()),))
    return reply


def _status_reply(status: int, reason: str, info: str) -> Reply:
    document = {"status": {"code": -1, "info": info, "reason": reason, "status": 1}}
    try:
        return Reply(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE), status)
    except TypeError:  # a message with half of a surrogate pair
        return _status_reply(status, reason, info.encode("utf-8", "replace").decode())
