"""What answers the paths of a loaded component: on its threads, or on the loop where it is to be awaited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import orjson

from ..codec.json_codec import encode, is_inputs
from ..codec.json_request import JsonRequest
from ..component.method import Method
from ..message import Answer, Kind
from ..model import Model
from ..runtime import Codec
from .paths import Path
from .replies import BODILESS, Reply, status_in
from .request import document_in
from .server import Scope

# Answers a request of which the content type and body were read.
Call: TypeAlias = Callable[[Scope, bytes, bytes], Awaitable[Reply]]
Write: TypeAlias = Callable[[Answer], Reply]
AnyMethod: TypeAlias = Method[Any]


class Calls:
    """Makes what answers each path."""

    def __init__(self, model: Model, codec: Codec | None) -> None:
        self._model, self._codec, self._component = model, codec, model.component

    def of(self, path: Path) -> Call:
        """Return what answers ``path``, which is one of the component's."""
        component = self._component
        if path.kind == "verb":
            return self._method(component.verbs[path.name], plainly)
        if path.kind == "model":
            return constant({"name": component.unit.name, "ready": True})
        if path.kind == "metadata":
            return self._metadata
        if path.kind == "status":
            return self._health(component.methods["health_status"])
        if path.name != "predict":
            return self._method(component.methods[path.name], plainly)
        return self._predict()

    def _predict(self) -> Call:
        method, verb = self._component.methods["predict"], self._component.verbs["predict"]
        if self._codec:
            return self._passed_through(method, self._codec)
        if any(self._component.has(name) for name in ("predict_raw", "predict_rest")):
            # It takes whatever document there is.
            return self._method(method, with_status)
        return self._either(method, verb)

    def _method(self, method: AnyMethod, write: Write) -> Call:
        return self._called(
            method, lambda kind, query, body: JsonRequest(document_in(kind, query, body)), lambda _: write
        )

    def _passed_through(self, method: AnyMethod, codec: Codec) -> Call:
        def write(kind: bytes) -> Write:
            def written(answer: Answer) -> Reply:
                body, content_type = codec.encode(answer, kind.decode("latin-1"))
                return Reply(body, status_in(answer.payload), content_type.encode("latin-1"))

            return written

        return self._called(method, lambda kind, _, body: codec.request(body, kind.decode("latin-1")), write)

    def _called(
        self,
        method: AnyMethod,
        request: Callable[[bytes, bytes, bytes], Any],
        write: Callable[[bytes], Write],
    ) -> Call:
        model = self._model

        def now(kind: bytes, query: bytes, body: bytes) -> Reply:
            return write(kind)(method.call(request(kind, query, body)))

        async def later(kind: bytes, query: bytes, body: bytes) -> Reply:
            return write(kind)(await method.later(request(kind, query, body)))

        async def run(scope: Scope, kind: bytes, body: bytes) -> Reply:
            return await model.run(now, kind, scope["query_string"], body)

        async def wait(scope: Scope, kind: bytes, body: bytes) -> Reply:
            return await model.within(later(kind, scope["query_string"], body))

        return wait if method.is_async else run

    def _either(self, method: AnyMethod, verb: AnyMethod) -> Call:
        """Return what answers as Seldon or as Hopsworks, whose body it is."""
        model = self._model

        def now(kind: bytes, query: bytes, body: bytes) -> Reply:
            document = document_in(kind, query, body)
            return with_status((verb if is_inputs(document) else method).call(JsonRequest(document)))

        async def later(chosen: AnyMethod, document: object) -> Reply:
            return with_status(await chosen.later(JsonRequest(document)))

        async def run(scope: Scope, kind: bytes, body: bytes) -> Reply:
            return await model.run(now, kind, scope["query_string"], body)

        async def wait(scope: Scope, kind: bytes, body: bytes) -> Reply:
            document = document_in(kind, scope["query_string"], body)
            chosen = verb if is_inputs(document) else method
            if chosen.is_async:
                return await model.within(later(chosen, document))
            return await model.run(lambda: with_status(chosen.call(JsonRequest(document))))

        return wait if method.is_async or verb.is_async else run

    def _health(self, method: AnyMethod) -> Call:
        request = JsonRequest(None)

        async def ask(_scope: Scope, _kind: bytes, _body: bytes) -> Reply:
            if method.is_async:
                return plainly(await method.later(request))
            return plainly(await self._model.run_health(method.call, request))

        return ask

    async def _metadata(self, _scope: Scope, _kind: bytes, _body: bytes) -> Reply:
        return json_reply(self._component.metadata.document)


def plainly(answer: Answer) -> Reply:
    """Write an answer."""
    return Reply(encode(answer))


def with_status(answer: Answer) -> Reply:
    """Write an answer of predict, of which a raw one may say the HTTP status."""
    if answer.kind is not Kind.RAW:
        return Reply(encode(answer))
    status = status_in(answer.payload)
    return Reply(b"" if status in BODILESS else encode(answer), status)


def constant(document: object) -> Call:
    """Return what always answers ``document``."""
    reply = json_reply(document)

    async def answer(_scope: Scope, _kind: bytes, _body: bytes) -> Reply:
        return reply

    return answer


def json_reply(document: object) -> Reply:
    """Write ``document``, which is JSON."""
    return Reply(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS))
