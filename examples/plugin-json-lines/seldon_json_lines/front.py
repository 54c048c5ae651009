"""The port, and what is answered there."""

from __future__ import annotations

import asyncio
import json
from time import perf_counter

from seldon_runtime.codec.json_codec import encode, parse
from seldon_runtime.codec.json_request import JsonRequest
from seldon_runtime.listener import listener_of
from seldon_runtime.logs import log_fault
from seldon_runtime.message import Answer
from seldon_runtime.model import Model
from seldon_runtime.request_errors import RequestError
from seldon_runtime.runtime import Context

from .plugin import PORT

PROTOCOL = "lines"


class JsonLines:
    """Answers predictions, one line each, in the order in which a client asks (runtime.Front)."""

    def __init__(self, model: Model, context: Context) -> None:
        self._model, self._recorder = model, context.recorder
        self._most = context.settings.largest_body
        self._clients: dict[asyncio.Task[None], tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    @classmethod
    async def start(cls, model: Model, context: Context) -> JsonLines:
        """Open the port; the model is not loaded yet."""
        front = cls(model, context)
        front._server = await asyncio.start_server(
            front._talk, sock=listener_of(PORT, context), limit=front._most
        )
        return front

    def begin(self) -> None:
        """Do nothing: until the model is loaded, ``model.component`` says NotReady by itself."""

    async def stop(self) -> None:
        """Accept nobody new, answer what was asked, hang up."""
        self._server.close()
        for reader, writer in self._clients.values():
            writer.transport.pause_reading()
            # What came is answered; what comes now is not taken in, and its sender sees so.
            reader.feed_eof()
        if self._clients:
            await asyncio.wait(self._clients)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._clients[task] = reader, writer
        try:
            while line := await reader.readline():
                writer.write(await self._answered(line))
                await writer.drain()
        except (ValueError, ConnectionError):  # a line without end, or a client that left
            pass
        finally:
            del self._clients[task]
            writer.close()

    async def _answered(self, line: bytes) -> bytes:
        began, code = perf_counter(), "OK"
        self._recorder.began(PROTOCOL)
        try:
            return encode(await self._asked(JsonRequest(parse(line))))
        except RequestError as error:
            # Every front has its own words for these: a status, a code, or just their names.
            code = type(error).__name__
            log_fault(error)
            return json.dumps({"error": code, "info": str(error)}).encode() + b"\n"
        finally:
            self._recorder.ended("predict", PROTOCOL, code, perf_counter() - began)

    async def _asked(self, request: JsonRequest) -> Answer:
        method = self._model.component.methods["predict"]
        if method.is_async:
            return await self._model.within(method.later(request))
        return await self._model.run(method.call, request)
