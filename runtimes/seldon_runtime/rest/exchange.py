"""One request and its answer, between the HTTP protocol and an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from .outbox import Outbox

PHRASES = {status.value: status.phrase for status in HTTPStatus}
STATUS_LINES = {
    status: f"HTTP/1.1 {status} {PHRASES.get(status, '')}\r\n".encode() for status in range(100, 600)
}
CLOSE = b"connection: close\r\n\r\n"
# Above this, joining head and body costs more than it saves.
JOINED = 32768


@dataclass
class Terms:
    """On which terms a server and its clients deal with each other.

    ``largest_body`` is how many bytes of a body are kept; ``patience`` how many seconds a client may take
    for a head, and for a body or an answer beyond what its size explains; ``keep_alive`` how many a
    connection may be idle. ``lines`` are the header lines of every answer; once ``is_leaving``, each asks
    the client to leave. Small answers go through the ``outbox``.
    """

    largest_body: int = 1 << 40
    patience: float = 60.0
    keep_alive: float = 75.0
    lines: bytes = b""
    is_leaving: bool = False
    outbox: Outbox = field(default_factory=Outbox)


class Exchange:
    """The ASGI side of one request, whose body is there as a whole; ``ended`` is called once it is answered.

    ``is_partial`` tells that the body went on beyond what is kept.
    """

    __slots__ = (
        "_ended",
        "_head",
        "_parts",
        "_taken",
        "_terms",
        "_transport",
        "body",
        "disconnected",
        "is_answered",
        "is_partial",
        "keep_alive",
        "scope",
    )

    def __init__(
        self,
        scope: MutableMapping[str, Any],
        transport: asyncio.Transport,
        terms: Terms,
        ended: Callable[[], None],
    ) -> None:
        self.scope, self._transport, self._terms, self._ended = scope, transport, terms, ended
        self.body = b""
        self.keep_alive = True
        self.is_partial = self.is_answered = self.disconnected = self._taken = False

    async def receive(self) -> MutableMapping[str, Any]:
        """Return the whole body, then that there is no more (ASGI)."""
        if self._taken:
            return {"type": "http.disconnect"}
        self._taken = True
        return {"type": "http.request", "body": self.body, "more_body": self.is_partial}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Take the answer's head, then its body (ASGI)."""
        if message["type"] == "http.response.start":
            self._head: MutableMapping[str, Any] = message
            self._parts: list[bytes] = []
            return
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            self._parts.append(body)
            return
        if self._parts:
            body = b"".join([*self._parts, body])
        self.reply(self._head["status"], self._head["headers"], body)

    def reply(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        """Write the whole answer, in one go: two small writes are two packets, and twice the work."""
        if self.disconnected or self.is_answered:
            return
        self.is_answered = True
        lines = [STATUS_LINES[status]]
        for name, value in headers:
            lines += (name, b": ", value, b"\r\n")
        lines.append(self._terms.lines)
        self.keep_alive = self.keep_alive and not self._terms.is_leaving
        lines.append(b"\r\n" if self.keep_alive else CLOSE)
        self._write(lines, b"" if self.scope["method"] == "HEAD" else body)
        if not self.keep_alive:
            self._terms.outbox.flush()
            self._transport.close()
        self._ended()

    def _write(self, lines: list[bytes], body: bytes) -> None:
        if len(body) > JOINED:
            self._terms.outbox.flush()
            self._transport.writelines((b"".join(lines), body))
        else:
            lines.append(body)
            self._terms.outbox.put(self._transport, b"".join(lines))
