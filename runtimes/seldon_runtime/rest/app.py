"""The REST front: an ASGI application without a framework."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import NamedTuple

from ..component.hopsworks_script import VERBS
from ..logs import access_logger
from ..model import Model
from ..request_errors import NotReady, RequestError
from ..runtime import Context
from ..variables import boolean
from .calls import Call, Calls, constant
from .cors import allowing, preflight
from .error_replies import ErrorReplies, error_replies
from .openapi import openapi
from .paths import MODELS, SELDON, VERSION, Path, PathUnknown, VerbRefused, paths
from .replies import BODILESS, TEXT, Headers, Reply, bug, refusal
from .request import read_body
from .server import Receive, Scope, Send

PONG = Reply(b"pong", content_type=TEXT)
SELDONS = frozenset(path for path, *_ in SELDON)
CODES = {status: str(status) for status in range(100, 600)}


class Route(NamedTuple):
    """What answers a path: ``name`` is what the metrics call it."""

    name: str
    verbs: tuple[str, ...]
    call: Call
    takes_body: bool


class Rest:
    """Answers the paths of Seldon and of Hopsworks for one model, which ``begin`` says is loaded."""

    def __init__(self, model: Model, context: Context) -> None:
        self._model, self._context = model, context
        self._largest_body = context.settings.largest_body
        self._recorder, self._access = context.recorder, access_logger(context.settings)
        self._is_open = boolean(context.variables, "SELDON_CORS", default=True)
        self._errors: ErrorReplies | None = None
        # Until the model is loaded nobody knows which of the verbs it has.
        self._routes = self._routed(VERBS, None)

    def begin(self) -> None:
        """Answer from now on."""
        component, settings = self._model.component, self._context.settings
        self._errors = error_replies(component.user, settings.model_name)
        self._routes = self._routed(tuple(component.verbs), Calls(self._model, self._context.codec))

    def _routed(self, verbs: tuple[str, ...], calls: Calls | None) -> Mapping[str, Route]:
        served = paths(self._context.settings, verbs)
        document = constant(openapi(served, self._context.settings.unit.name))

        def call(path: Path) -> Call:
            if path.kind == "ping":
                return _ping
            if calls is None:
                return _not_ready
            return document if path.kind == "openapi" else calls.of(path)

        return {
            path.path: Route(path.name, path.verbs, call(path), path.kind in ("method", "verb"))
            for path in served
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI 3)."""
        start = perf_counter()
        content_type = origin = b""
        for name, value in scope["headers"]:
            if name == b"content-type":
                content_type = value
            elif name == b"origin":
                origin = value
        route = self._routes.get(scope["path"]) or self._versioned(scope["path"])
        if route is None:
            reply = refusal(self._unknown(scope["path"]))
        else:
            reply = await self._answered(route, scope, content_type, receive, start)
        if reply.status in BODILESS:
            # Whoever reads the answer would take a body for the beginning of the next one.
            reply = reply._replace(body=b"")
        headers: Headers = (
            (b"content-type", reply.content_type),
            (b"content-length", b"%d" % len(reply.body)),
            *(allowing(origin) if self._is_open else ()),
            *reply.headers,
        )
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})
        if self._access:
            seconds = perf_counter() - start
            self._access(scope["method"], scope["path"], reply.status, seconds, len(reply.body))

    async def _answered(
        self, route: Route, scope: Scope, content_type: bytes, receive: Receive, start: float
    ) -> Reply:
        verb, body, status = scope["method"], b"", 499
        self._recorder.began("rest")
        try:
            if verb not in route.verbs:
                reply = refusal(VerbRefused(verb, scope["path"], route.verbs))
            elif verb == "OPTIONS":
                reply = self._options(route, scope)
            else:
                if route.takes_body:
                    body = await read_body(receive, self._largest_body)
                reply = await route.call(scope, content_type, body)
            status = reply.status
        except RequestError as error:
            reply = await self._refused(error, scope, body)
            status = reply.status
        except Exception as error:  # noqa: BLE001 - the client is told, and it is logged
            reply = bug(error)
            status = reply.status
        finally:
            # A request that is cancelled has ended too.
            self._recorder.ended(route.name, "rest", CODES[status], perf_counter() - start)
        return reply

    async def _refused(self, error: RequestError, scope: Scope, body: bytes) -> Reply:
        if self._errors and error.__cause__:
            found = await self._model.work(self._errors.reply, error.__cause__, scope, body)
            if found:
                return found
        return refusal(error)

    def _options(self, route: Route, scope: Scope) -> Reply:
        allowed = ", ".join(route.verbs).encode()
        asked = preflight(scope["headers"], allowed) if self._is_open else ()
        return Reply(b"", content_type=TEXT, headers=((b"allow", allowed), *asked))

    def _versioned(self, path: str) -> Route | None:
        found = MODELS.fullmatch(path)
        if not found or not found["version"]:
            return None
        return self._routes.get(f"/v1/models/{found['name']}/versions/{VERSION}{found['verb']}")

    def _unknown(self, path: str) -> PathUnknown:
        found, name = MODELS.fullmatch(path), self._context.settings.unit.name
        if found and found["name"] != name:
            return PathUnknown(f"there is no model {found['name']}; the one served here is {name}")
        if path in SELDONS:
            return PathUnknown(f"{path} is none of this SERVICE_TYPE's, and SELDON_STRICT_SERVICE_TYPE is on")
        near = path.rstrip("/")
        hint = f"; there is {near}" if near in self._routes else ""
        return PathUnknown(f"nothing is served at {path}{hint}; /seldon.json tells what is")


async def _ping(_scope: Scope, _kind: bytes, _body: bytes) -> Reply:
    return PONG


async def _not_ready(_scope: Scope, _kind: bytes, _body: bytes) -> Reply:
    raise NotReady
