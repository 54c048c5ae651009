"""The HTTP protocol of uvicorn, for requests that are taken in whole and answered whole.

What it does otherwise was measured or missed there: a body is collected without pausing the socket, an answer
is one write, and a client may neither send a head without end nor take for ever to send or to read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..logs import log_fault
from .exchange import Exchange, Terms
from .replies import INTERNAL, Reply, told

# A message may come as a query argument, so this is far above what proxies let through.
LARGEST_HEAD = 1 << 20
# What is read and thrown away of a body that was refused, so that its sender gets to read why.
DISCARDED = 64 << 20
# Pieces of a body that are smaller are kept together: an object of its own takes more than they do.
PIECE = 1024
# Bytes of framing that a byte of a body may come with: a chunk of one byte has five.
FRAMING = 16
# Bytes a second that buy a sender, or a reader, more time.
SLOWEST = 1024
ASGI = {"version": "3.0", "spec_version": "2.3"}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpProtocol(HttpToolsProtocol):
    """Reads requests one by one and hands each to the application when its body is there.

    A subclass sets ``terms``, which all connections of a server share.
    """

    terms = Terms()

    _is_reading = _is_in_head = _expects = _is_handed_over = False
    _since = 0.0
    _head_size = _body_size = _length = 0
    _blocked_since: float | None = None
    _unread = 0
    _task: asyncio.Task[None] | None = None
    _exchange: Exchange | None = None
    _waiting: deque[Exchange]
    _chunks: list[bytes | bytearray]
    _method = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for a request."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._waiting = deque()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's argument
        """Forget who left; what the model does for them goes on."""
        self.connections.discard(self)
        for exchange in self._asked():
            exchange.disconnected = True
        self._waiting.clear()
        self._exchange = None
        # It refers to this object: without it both are gone at once.
        self.parser = None  # type: ignore[assignment]  # nothing comes any more

    def _asked(self) -> Iterator[Exchange]:
        if self._exchange:
            yield self._exchange
        yield from self._waiting

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        if self.transport.is_closing():
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(400, "BAD_REQUEST", f"this is not HTTP/1.1: {error}")
        else:
            if self._is_reading:
                self._bound_head(len(data))

    def _stay(self, rest: bytes) -> None:
        """Read the request once more without its offer of another protocol, which hid its body."""
        if self._method == b"CONNECT":
            self._refuse(405, "METHOD_NOT_ALLOWED", "this is no proxy")
            return
        if self._exchange or self._waiting:
            # Each would be read within the reading of the last; who means it waits for the answer.
            self._refuse(400, "BAD_REQUEST", "an offer of another protocol came before the last answer")
            return
        self.parser = httptools.HttpRequestParser(self)
        lines = [b"%s %s HTTP/1.1" % (self._method, self.url)]
        lines += (
            b"%s: %s" % header for header in self.headers if header[0] not in (b"connection", b"upgrade")
        )
        self.data_received(b"\r\n".join(lines) + b"\r\n\r\n" + rest)

    def _bound_head(self, size: int) -> None:
        # What comes behind a body, and between its chunks, is bounded too.
        self._head_size += size
        if self._head_size - self._body_size * FRAMING > LARGEST_HEAD:
            info = f"the request line and headers are larger than {LARGEST_HEAD} bytes"
            self._refuse(431, "HEADERS_TOO_LARGE", info)

    def on_message_begin(self) -> None:
        """Begin to count and to wait."""
        self.url, self.headers, self._chunks = b"", [], []
        self._is_reading = self._is_in_head = True
        self._is_handed_over = self._expects = False
        self._head_size = self._body_size = self._length = 0
        self._since = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; what follows a body may not say how that is to be read."""
        if not self._is_in_head:
            return
        name = name.lower()
        if name == b"content-length":
            self._length = int(value)
        elif name == b"expect":
            self._expects = value.lower() == b"100-continue"
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Refuse a body that is too large, unread; ask for one that the client waits to be asked for."""
        self._is_in_head = False
        if self.parser.should_upgrade():
            # It is to be read again. A method is known as long as its parser is.
            self._method = self.parser.get_method()
        elif self._length > self.terms.largest_body:
            self._hand_over(is_partial=True)
        elif self._expects and not self._exchange:
            self.terms.outbox.flush()
            self.transport.write(CONTINUE)

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._body_size += len(body)
        if not self._is_handed_over:
            self._keep(body)
            if self._body_size > self.terms.largest_body:
                self._hand_over(is_partial=True)
        elif self._body_size > self.terms.largest_body + DISCARDED:
            self.terms.outbox.flush()
            self.transport.close()

    def _keep(self, piece: bytes) -> None:
        chunks = self._chunks
        if len(piece) >= PIECE or not chunks:
            chunks.append(piece)
        elif isinstance(chunks[-1], bytearray):
            chunks[-1] += piece
        else:
            chunks.append(bytearray(piece))

    def on_message_complete(self) -> None:
        """Hand the request over."""
        if self.parser.should_upgrade():
            return
        self._is_reading = False
        if not self._is_handed_over:
            self._hand_over(is_partial=False)

    def _hand_over(self, *, is_partial: bool) -> None:
        self._is_handed_over = True
        exchange = Exchange(self._scope(), self.transport, self.terms, self.on_response_complete)
        chunks, self._chunks = self._chunks, []
        exchange.body = b"".join(chunks)
        exchange.is_partial = is_partial
        # Who asked whether to send a body and hears no may send it all the same, or another request.
        exchange.keep_alive = self.parser.should_keep_alive() and not (is_partial and self._expects)
        if self._exchange is None and not self.flow.write_paused:
            self._begin(exchange)
        else:
            self._waiting.append(exchange)
            self.flow.pause_reading()

    def _scope(self) -> dict[str, Any]:
        url = self.url
        if url[:1] != b"/" or b"#" in url:
            url = _origin_form(url)
        raw_path, _, query = url.partition(b"?")
        path = raw_path.decode("utf-8", "replace")
        return {
            "type": "http",
            "asgi": ASGI,
            "http_version": self.parser.get_http_version(),
            "server": self.server,
            "client": self.client,
            "scheme": "http",
            "root_path": "",
            "headers": self.headers,
            "method": self.parser.get_method().decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
        }

    def _begin(self, exchange: Exchange) -> None:
        self._exchange = exchange
        task: asyncio.Task[None] = self.loop.create_task(
            self.app(exchange.scope, exchange.receive, exchange.send)
        )
        self._task = task
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Answer in place of an application that failed to."""
        self.tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error:
            log_fault(error)
        # A model's coroutine may cancel itself: whoever asked waits all the same.
        if (error or task.cancelled()) and self._exchange and self._task is task:
            _answer(self._exchange, told(500, INTERNAL, "internal error"))

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for one."""
        self.server_state.total_requests += 1
        self._exchange = None
        if not self._is_reading:
            self._since = self.loop.time()
        self._go_on()

    def _go_on(self) -> None:
        if self._exchange or self.flow.write_paused or self.transport.is_closing():
            return
        if self._waiting:
            self._begin(self._waiting.popleft())
        else:
            self.flow.resume_reading()

    def pause_writing(self) -> None:
        """Answer no more until the client has read what it got."""
        self._blocked_since, self._unread = self.loop.time(), self.transport.get_write_buffer_size()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on: the client reads."""
        self._blocked_since = None
        super().resume_writing()
        self._go_on()

    def shutdown(self) -> None:
        """Leave: after the answers and the request that are on their way, or now."""
        self.terms.outbox.flush()
        asked = list(self._asked())
        for exchange in asked[-1:]:
            exchange.keep_alive = False
        if not asked and (self._is_in_head or not self._is_reading):
            self.transport.close()

    def hurry(self, now: float) -> None:
        """Close where a client let us wait for too long; called once a second."""
        self.terms.outbox.flush()
        allowed = self.terms.patience + self._body_size / SLOWEST
        if self._blocked_since is not None and now - self._blocked_since > self._allowed_to_read():
            # Closing would wait for the client to read what is written.
            self.transport.abort()
        elif self._exchange or self._waiting:
            return
        elif not self._is_reading:
            if now - self._since > self.terms.keep_alive:
                self.transport.close()
        elif now - self._since > allowed:
            self._refuse(408, "REQUEST_TIMEOUT", f"the request was not complete within {allowed:g} s")

    def _allowed_to_read(self) -> float:
        return self.terms.patience + (self._unread - self.transport.get_write_buffer_size()) / SLOWEST

    def _refuse(self, status: int, reason: str, info: str) -> None:
        """Answer what is no request, and leave."""
        self.terms.outbox.flush()
        if self.transport.is_closing():
            return
        if self._exchange or self._waiting:
            # It came behind requests that are still to be answered.
            self._is_reading = False
            self.flow.pause_reading()
            self.shutdown()
            return
        if self._is_reading and self._is_handed_over:
            # It was answered before its body ended: a second answer would be taken for the next request's.
            self.transport.close()
            return
        exchange = Exchange({"method": ""}, self.transport, self.terms, lambda: None)
        exchange.keep_alive = False
        _answer(exchange, told(status, reason, info))


def _answer(exchange: Exchange, reply: Reply) -> None:
    length = b"%d" % len(reply.body)
    exchange.reply(
        reply.status, ((b"content-type", reply.content_type), (b"content-length", length)), reply.body
    )


def _origin_form(url: bytes) -> bytes:
    """Return path and query of a URL as proxies send it, or of one with a fragment."""
    parsed = httptools.parse_url(url)
    path: bytes = parsed.path or b"/"
    return path + b"?" + parsed.query if parsed.query else path
