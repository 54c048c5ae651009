"""HTTP connections that are kept open and used again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..connections import Connections
from ..errors.destination import RegistryProtocol, RegistryUnreachable
from .dialing import dial
from .hops import Origin
from .retry import Transient

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

# The distribution specification asks registries to take manifests of 4 MiB; ours and configs are below it.
LARGEST_DOCUMENT = 16 << 20
_LENGTH = re.compile(r"[0-9]{1,18}")
Body = bytes | Iterable[bytes] | None


@dataclass(frozen=True)
class Request:
    """One HTTP request; a ``body`` that is no bytes object is sent once and needs a Content-Length."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = None

    @property
    def origin(self) -> Origin:
        """Where it goes."""
        return Origin.of(self.url)

    @property
    def safe_url(self) -> str:
        """The URL for messages: its query may hold a signature."""
        return self.url.partition("?")[0]


@dataclass(frozen=True)
class Reply:
    """A whole HTTP answer; the names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Stream:
    """An HTTP answer whose body is still to come; ``close`` ends its connection."""

    response: HTTPResponse
    close: Callable[[], None]


class Transport:
    """The connections of one push or pull; threads may share it."""

    def __init__(self, connections: Connections, sleep: Callable[[float], None] = time.sleep) -> None:
        self.connections, self.sleep = connections, sleep
        self._idle: dict[Origin, list[HTTPConnection]] = {}
        self._open: set[HTTPConnection] = set()

    def exchange(self, request: Request, timeout: float = 0.0) -> Reply:
        """Send ``request`` and read the whole answer; Transient where the connection broke."""
        try:
            idle = self._idle.setdefault(request.origin, []).pop()
        except IndexError:
            return self._exchange(self._dial(request.origin), request, timeout)
        try:
            return self._exchange(idle, request, timeout)
        except Transient:
            # Servers close idle connections whenever they like: that alone is no failed try.
            if not (request.body is None or isinstance(request.body, bytes)):
                raise
        return self._exchange(self._dial(request.origin), request, timeout)

    def open(self, request: Request) -> Stream:
        """Send ``request`` on a connection of its own and leave the body of the answer to be read."""
        connection = self._dial(request.origin)
        try:
            return Stream(_send(connection, request), lambda: self._drop(connection))
        except BaseException:
            self._drop(connection)
            raise

    def close(self) -> None:
        """Close every connection, also those that are in use: what they do fails then."""
        for connection in list(self._open):
            self._drop(connection)
        self._idle.clear()

    def _dial(self, origin: Origin) -> HTTPConnection:
        connection = dial(origin, self.connections)
        self._open.add(connection)
        return connection

    def _drop(self, connection: HTTPConnection) -> None:
        self._open.discard(connection)
        connection.close()

    def _exchange(self, connection: HTTPConnection, request: Request, timeout: float) -> Reply:
        try:
            if connection.sock is not None:
                connection.sock.settimeout(timeout or self.connections.timeout)
            response = _send(connection, request)
            reply = _read(response, request)
        except BaseException:
            self._drop(connection)
            raise
        if response.will_close:
            self._drop(connection)
        else:
            self._idle[request.origin].append(connection)
        return reply


def _send(connection: HTTPConnection, request: Request) -> HTTPResponse:
    from http.client import BadStatusLine, HTTPException, RemoteDisconnected

    try:
        try:
            connection.request(request.method, _path(request.url), request.body, dict(request.headers))
        except (BrokenPipeError, ConnectionResetError):
            # A server may answer (401, 413) and close before it has read the whole body.
            return connection.getresponse()
        return connection.getresponse()
    except RemoteDisconnected as error:
        raise broken(request, "the connection was dropped") from error
    except BadStatusLine as error:
        raise RegistryProtocol(request.origin.address, "it does not speak HTTP") from error
    except (OSError, HTTPException) as error:
        raise broken(request, reason_of(error)) from error


def _read(response: HTTPResponse, request: Request) -> Reply:
    from http.client import HTTPException

    try:
        body = response.read(LARGEST_DOCUMENT + 1)
    except (OSError, HTTPException) as error:
        raise broken(request, reason_of(error)) from error
    if len(body) > LARGEST_DOCUMENT:
        raise RegistryProtocol(request.origin.address, f"{request.safe_url} is longer than 16 MiB")
    headers = {name.lower(): value for name, value in response.getheaders()}
    declared = headers.get("content-length", "")
    if request.method != "HEAD" and _LENGTH.fullmatch(declared) and len(body) < int(declared):
        raise broken(request, "the answer was cut short")
    return Reply(response.status, headers, body)


def _path(url: str) -> str:
    rest = url.partition("://")[2]
    slash = rest.find("/")
    return rest[slash:].partition("#")[0] if slash >= 0 else "/"


def broken(request: Request, reason: str) -> Transient:
    """Make the signal of a connection that broke under ``request``."""
    error = RegistryUnreachable(request.origin.address, f"{reason} ({request.method} {request.safe_url})")
    return Transient(reason, error, dropped=True)


def reason_of(error: Exception) -> str:
    """Say in words why a connection broke."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).rstrip(".")
