"""Download files over HTTP: kept connections, proxies, credentials by URL, resumed where it broke."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit

from ..errors.resolution import IndexUnreachable
from ..package_index import PackageIndex
from .dripping import Pace, TooSlow, beginning_of, ending
from .engine import secret_free
from .url_credentials import credential_for, with_token

if TYPE_CHECKING:
    import ssl
    from http.client import HTTPConnection, HTTPException, HTTPResponse

ATTEMPTS = 4
REDIRECTS = 5
# Of a server that says nothing at all: a third time would take as long again.
SILENT_ATTEMPTS = 2
# Enough of a page to see what kind of page it is.
BEGINNING = 1 << 12
CHUNK = 1 << 18
# What a redirect says besides where to go is of no use.
REDIRECT_BODY = 1 << 16
REFUSALS = (401, 403, 407)
BUSY = (408, 425, 429, 500, 502, 503, 504)
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Received:
    """Where the bytes of a download go; ``expect`` hears once how many there will be."""

    write: Callable[[bytes], None]
    expect: Callable[[int], None]


@dataclass(frozen=True)
class Look:
    """How a server answered: its status, the type of what it sends, and the beginning of that."""

    status: int
    kind: str
    beginning: bytes

    @property
    def refused(self) -> bool:
        """Whether it wants a user and password, or others."""
        return self.status in REFUSALS

    def __str__(self) -> str:
        return _refusal(self.status)


class Interrupted(Exception):
    """Another download failed, so this one need not go on."""


class _Broken(Exception):
    """The connection ended before the file did, or the server is busy: worth another attempt."""

    @property
    def attempts(self) -> int:
        return SILENT_ATTEMPTS if isinstance(self.__cause__, TimeoutError) else ATTEMPTS


class _Enough(Exception):
    """What was wanted of an answer is known; the rest of it stays with the server."""


class Downloads:
    """Downloads of one index, for several threads; each keeps its own connections."""

    def __init__(self, index: PackageIndex) -> None:
        self._index = index
        self._proxies = {name.lower(): value.reveal() for name, value in index.proxies}
        self._stopped = threading.Event()
        self._local = threading.local()
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._mutex = threading.Lock()
        self._opened: list[HTTPConnection] = []

    def stop(self) -> None:
        """End running downloads now, even those that wait for a silent server."""
        self._stopped.set()
        for connection in self._opened:
            with suppress(OSError):
                if connection.sock:
                    connection.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close every connection, once no download runs any more."""
        for connection in self._opened:
            connection.close()

    def get(self, url: str, received: Received) -> None:
        """Write the whole file at ``url``, in order and once; IndexUnreachable where it cannot be had."""
        done = 0

        def write(data: bytes) -> None:
            nonlocal done
            received.write(data)
            done += len(data)

        for attempt in range(1, ATTEMPTS + 1):
            try:
                counted = Received(write, received.expect if not done else _ignore)
                self._attempt(url, done, partial(self._read, url, done, counted))
                return
            except _Broken as error:
                if attempt >= error.attempts:
                    raise IndexUnreachable(url, f"{error} ({attempt} attempts)") from error
                if self._stopped.wait(0.2 * 3 ** (attempt - 1)):
                    raise Interrupted from error

    def look(self, url: str, method: str = "HEAD") -> Look:
        """Ask once for ``url`` and tell how it was answered; IndexUnreachable where it was not."""
        found = list[Look]()

        def take(answer: HTTPResponse) -> None:
            kind = answer.headers.get_content_type()
            beginning = beginning_of(answer, BEGINNING, self._index.patience)
            found.append(Look(answer.status, kind, beginning))
            if not answer.isclosed():
                raise _Enough

        try:
            self._attempt(url, 0, take, method)
        except _Enough:
            pass
        except _Broken as error:
            raise IndexUnreachable(url, str(error)) from error
        return found[0]

    def _attempt(
        self, url: str, start: int, take: Callable[[HTTPResponse], None], method: str = "GET"
    ) -> None:
        from http.client import HTTPException

        place, whole = url, False
        try:
            for _ in range(REDIRECTS + 1):
                with self._answer(url, place, start, method) as response:
                    if response.status not in (301, 302, 303, 307, 308):
                        take(response)
                        whole = True
                        return
                    response.read(REDIRECT_BODY)
                    if not response.isclosed():
                        self._forget(place)
                    place = _redirected(url, place, response)
        except (OSError, HTTPException) as error:
            if _is_distrust(error):
                raise IndexUnreachable(url, _spoken(error)) from error
            raise _Broken(self._reason(error)) from error
        finally:
            if not whole:
                self._forget(place)
        raise IndexUnreachable(url, f"it redirects more than {REDIRECTS} times")

    def _reason(self, error: OSError | HTTPException) -> str:
        if isinstance(error, TimeoutError) and not isinstance(error, TooSlow):
            return f"it said nothing for {self._index.patience} seconds (UV_HTTP_TIMEOUT changes that)"
        return secret_free(_spoken(error), self._index)

    def _answer(self, url: str, place: str, start: int, method: str) -> HTTPResponse:
        try:
            connection = self._asked(place, start, method)
        except OSError:
            # One of a certificate is a ValueError as well.
            raise
        except ValueError as error:
            # Of a host, port or path, the proxy's too, that no request can name. It may hold a password.
            raise IndexUnreachable(url, "it leads to an address, or a proxy, that is none") from error
        with ending(connection, self._index.patience):
            return connection.getresponse()

    def _asked(self, url: str, start: int, method: str) -> HTTPConnection:
        parts = urlsplit(with_token(url, credential_for(url, self._index.credentials)))
        headers = {"User-Agent": "seldon-python", "Accept-Encoding": "identity", **self._authorization(url)}
        if start:
            headers["Range"] = f"bytes={start}-"
        connection, target = self._connection(parts)
        if target != _path(parts):
            headers |= _proxy_authorization(self._proxy(parts))
        connection.request(method, target, headers=headers)
        return connection

    def _read(self, url: str, start: int, received: Received, response: HTTPResponse) -> None:
        if response.status in BUSY:
            raise _Broken(_refusal(response.status))
        if response.status not in (200, 206):
            raise IndexUnreachable(url, _refusal(response.status))
        # A server that ignores the range sends what we have once more.
        skip = start if response.status == 200 else 0
        if response.length is not None:
            received.expect(response.length - skip)
        pace = Pace(self._index.patience)
        while data := pace.taking(partial(response.read1, CHUNK)):
            if self._stopped.is_set():
                raise Interrupted
            received.write(data[skip:])
            skip = max(0, skip - len(data))
        if response.length:
            raise _Broken("the connection was dropped")

    def _authorization(self, url: str) -> dict[str, str]:
        found = credential_for(url, self._index.credentials)
        if found is None or not (found.username.reveal() or found.password.reveal()):
            return {}
        return {"Authorization": _basic(found.username.reveal(), found.password.reveal())}

    def _connection(self, parts: SplitResult) -> tuple[HTTPConnection, str]:
        """Return a connection for ``parts`` and what to ask of it (all of the URL where a proxy asks)."""
        proxy = self._proxy(parts)
        via_proxy = bool(proxy) and parts.scheme == "http"
        target = urlunsplit(parts._replace(fragment="")) if via_proxy else _path(parts)
        kept: dict[tuple[str, str], HTTPConnection] = self._local.__dict__.setdefault("connections", {})
        key = (parts.scheme, parts.netloc)
        if key not in kept:
            kept[key] = self._connect(parts, proxy)
            self._opened.append(kept[key])
        return kept[key], target

    def _connect(self, parts: SplitResult, proxy: str) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection

        if parts.scheme not in PORTS:
            raise IndexUnreachable(urlunsplit(parts), f"{parts.scheme}: URLs are not downloaded")
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        near = urlsplit(proxy if "://" in proxy else f"http://{proxy}") if proxy else None
        near_host, near_port = (near.hostname or "", near.port or 80) if near else (host, port)
        if parts.scheme == "http":
            return HTTPConnection(near_host, near_port, timeout=self._index.patience)
        context = self._context(trusted=self._is_trusted(parts))
        secure = HTTPSConnection(near_host, near_port, timeout=self._index.patience, context=context)
        if near:
            secure.set_tunnel(host, port, headers=_proxy_authorization(proxy))
        return secure

    def _forget(self, url: str) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:
            # No connection came of it.
            return
        kept = self._local.__dict__.get("connections", {})
        connection = kept.pop((parts.scheme, parts.netloc), None)
        if connection:
            connection.close()

    def _proxy(self, parts: SplitResult) -> str:
        # typeshed leaves it out; the standard library and others have used it for twenty years.
        from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

        bypassed = {"no": self._proxies.get("no_proxy", "")}
        if proxy_bypass_environment(parts.hostname or "", bypassed):
            return ""
        return self._proxies.get(f"{parts.scheme}_proxy") or self._proxies.get("all_proxy", "")

    def _is_trusted(self, parts: SplitResult) -> bool:
        return bool({parts.hostname, parts.netloc} & set(self._index.trusted_hosts))

    def _context(self, *, trusted: bool) -> ssl.SSLContext:
        with self._mutex:
            if trusted not in self._contexts:
                self._contexts[trusted] = _tls(self._index, trusted=trusted)
            return self._contexts[trusted]


def _redirected(url: str, place: str, response: HTTPResponse) -> str:
    """Return where ``response`` leads.

    A user in it is not followed, for ours are looked up anew for the new host; a token in it is the server's.
    """
    try:
        parts = urlsplit(urljoin(place, response.headers.get("Location", "")))
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    except ValueError as error:
        raise IndexUnreachable(url, "it redirects to an address that is none") from error


def _tls(index: PackageIndex, *, trusted: bool) -> ssl.SSLContext:
    import ssl

    context = ssl.create_default_context(cafile=str(index.ca_bundle) if index.ca_bundle else None)
    if trusted:
        # What pip's --trusted-host means: this host may show any certificate.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _path(parts: SplitResult) -> str:
    return urlunsplit(("", "", parts.path or "/", parts.query, ""))


def _proxy_authorization(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy)
    if not parts.username:
        return {}
    return {"Proxy-Authorization": _basic(unquote(parts.username), unquote(parts.password or ""))}


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _refusal(status: int) -> str:
    """Say what a status means; the server's own words for it may repeat the password that it was sent."""
    from http.client import responses

    said = f"{status} {responses.get(status, '')}".rstrip()
    return f"it wants a user and password, or others ({said})" if status in REFUSALS else f"it answers {said}"


def _is_distrust(error: Exception) -> bool:
    """Tell whether a server's certificate was refused: it will be the same one the next time."""
    return "certificate" in str(getattr(error, "reason", "")).lower() or hasattr(error, "verify_message")


def _spoken(error: Exception) -> str:
    if message := getattr(error, "verify_message", ""):
        return f"its certificate is not trusted: {message.rstrip('.')}"
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def _ignore(length: int) -> None:
    """Drop the length of a resumed download: it was counted before."""
