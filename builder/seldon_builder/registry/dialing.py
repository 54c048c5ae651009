"""Opening connections: TLS and proxies."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ..connections import Connections
from ..errors.destination import RegistryUnreachable
from .hops import Origin, is_this_machine

if TYPE_CHECKING:
    from http.client import HTTPConnection
    from ssl import SSLContext

# A host that is there takes a connection within seconds, however busy it is.
_CONNECT_TIMEOUT = 15.0


def dial(origin: Origin, connections: Connections) -> HTTPConnection:
    """Open a connection to ``origin``, through its proxy where one is set."""
    proxy = proxy_of(origin, connections)
    connection = _through(proxy, origin, connections) if proxy else _direct(origin, connections)
    try:
        connection.connect()
    except (OSError, UnicodeError) as error:
        connection.close()
        raise _explained(origin, proxy, error) from error
    if connection.sock is not None:
        connection.sock.settimeout(connections.timeout)
    return connection


def proxy_of(origin: Origin, connections: Connections) -> str:
    """Return the URL of the proxy for ``origin``, empty where none is to be used."""
    proxy = connections.proxy(origin.scheme)
    if not proxy or is_this_machine(origin.host):
        return ""
    for name in (part.strip().lower() for part in connections.proxy("no").split(",")):
        bare = name.removeprefix("*").removeprefix(".")
        if name == "*" or (bare and (origin.host == bare or origin.host.endswith(f".{bare}"))):
            return ""
        if bare == f"{origin.host}:{origin.port}":
            return ""
    return proxy if "://" in proxy else f"http://{proxy}"


@cache
def tls_context(ca_bundle: Path | None) -> SSLContext:
    """Return the context that trusts the system's authorities and those in ``ca_bundle``."""
    import ssl

    context = ssl.create_default_context()
    if ca_bundle is not None:
        context.load_verify_locations(ca_bundle)
    return context


def _direct(origin: Origin, connections: Connections) -> HTTPConnection:
    return _connection(origin, origin.host, origin.port, connections)


def _through(proxy: str, origin: Origin, connections: Connections) -> HTTPConnection:
    from base64 import b64encode

    try:
        parts = urlsplit(proxy)
        port = parts.port or 80
    except ValueError as error:
        raise RegistryUnreachable(origin.address, "its proxy is not an http:// address") from error
    if parts.scheme != "http" or not parts.hostname:
        raise RegistryUnreachable(origin.address, "its proxy is not an http:// address")
    headers = {}
    if parts.username:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(user.encode()).decode()}"
    connection = _connection(origin, parts.hostname, port, connections)
    connection.set_tunnel(origin.host, origin.port, headers)
    return connection


def _connection(origin: Origin, host: str, port: int, connections: Connections) -> HTTPConnection:
    from http.client import HTTPConnection, HTTPSConnection

    timeout = min(_CONNECT_TIMEOUT, connections.timeout)
    if origin.scheme == "http":
        return HTTPConnection(host, port, timeout=timeout)
    try:
        context = tls_context(connections.ca_bundle)
    except OSError as error:
        reason = f"the CA bundle {connections.ca_bundle} cannot be read"
        raise RegistryUnreachable(origin.address, reason, "check SSL_CERT_FILE") from error
    return HTTPSConnection(host, port, timeout=timeout, context=context)


def _explained(origin: Origin, proxy: str, error: OSError | UnicodeError) -> RegistryUnreachable:
    import socket
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return RegistryUnreachable(
            origin.address,
            f"its certificate is not trusted ({error.verify_message})",
            "trust the authority that signed it: SSL_CERT_FILE=<bundle.pem>",
        )
    if isinstance(error, ssl.SSLError):
        return RegistryUnreachable(
            origin.address,
            f"it does not speak TLS ({error.reason})",
            "a registry without TLS needs --insecure, which is for networks that you trust",
        )
    # A name with a part that is empty or too long is a UnicodeError.
    if isinstance(error, socket.gaierror | UnicodeError):
        reason = f"the name {origin.host} is unknown"
    else:
        reason = (error.strerror or str(error) or "no answer").lower()
    return RegistryUnreachable(origin.address, f"{reason}, asked through a proxy" if proxy else reason)
