"""The few calls of the Docker engine's HTTP API that moving images takes.

By hand rather than with the docker package, whose import alone (0.5 s) takes longer than a warm build.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from ..connections import DOCKER_SOCKET, Connections
from ..errors.destination import DaemonRefused, DaemonUnreachable

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

_PORTS = {False: 2375, True: 2376}
# Unpacking a large archive takes the engine minutes in which it says nothing.
_LOAD_PATIENCE = 1800.0
_CONTAINERD_STORE = ["driver-type", "io.containerd.snapshotter.v1"]
_GRAPH_DRIVERS = ("overlay2", "fuse-overlayfs", "btrfs", "zfs", "vfs", "aufs", "devicemapper")


@dataclass(frozen=True)
class Engine:
    """The Docker engine at ``connections.docker_host``; every call is a connection of its own."""

    connections: Connections

    @property
    def host(self) -> str:
        """Its address."""
        return self.connections.docker_host or DOCKER_SOCKET

    def ping(self) -> bool:
        """Tell whether it answers as an engine does."""
        return self._call("GET", "/_ping")[0] == 200

    def image(self, name: str) -> Mapping[str, Any] | None:
        """Return what it knows of an image, by name or id; None where it has none."""
        status, body = self._call("GET", f"/images/{quote(name, safe='/:@')}/json")
        return None if status == 404 else self._document(status, body, f"look up {name}")

    def images(self) -> list[Mapping[str, Any]]:
        """List its images, the newest first."""
        status, body = self._call("GET", "/images/json")
        found = self._document(status, body, "list its images", list)
        return sorted(found, key=lambda image: (-int(image.get("Created") or 0), str(image.get("Id"))))

    def shares_layers(self) -> bool:
        """Tell whether it keeps layers so that an archive may leave out those it has."""
        info = self._document(*self._call("GET", "/info"), "describe itself")
        status = info.get("DriverStatus") or []
        return info.get("Driver") in _GRAPH_DRIVERS and _CONTAINERD_STORE not in status

    def tag(self, image: str, repository: str, tag: str) -> None:
        """Give an image another name."""
        query = urlencode([("repo", repository), ("tag", tag)])
        status, body = self._call("POST", f"/images/{quote(image, safe=':')}/tag?{query}")
        if status >= 300:
            raise DaemonRefused(f"name the image {repository}:{tag}", _message(body))

    def load(self, archive: Iterable[bytes]) -> None:
        """Hand it an archive as it is made; DaemonRefused carries the engine's words."""
        headers = {"Content-Type": "application/x-tar", "Transfer-Encoding": "chunked"}
        path = "/images/load?quiet=1"
        with self._answer("POST", path, headers, archive, timeout=_LOAD_PATIENCE) as response:
            body = response.read()
        refusal = _refusal(response.status, body)
        if refusal:
            raise DaemonRefused("load the image", refusal)

    @contextmanager
    def saved(self, image: str) -> Iterator[HTTPResponse]:
        """Open the archive that ``docker save`` would write."""
        path = f"/images/{quote(image, safe='/:@')}/get"
        with self._answer("GET", path, {}, None, timeout=_LOAD_PATIENCE) as response:
            if response.status != 200:
                raise DaemonRefused(f"save {image}", _message(response.read()))
            yield response

    def _call(self, method: str, path: str) -> tuple[int, bytes]:
        with self._answer(method, path, {}, None, timeout=self.connections.timeout) as response:
            return response.status, response.read()

    def _document(self, status: int, body: bytes, act: str, kind: type = dict) -> Any:
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if status != 200 or not isinstance(found, kind):
            raise DaemonRefused(act, _message(body))
        return found

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Iterable[bytes] | None,
        timeout: float,
    ) -> Iterator[HTTPResponse]:
        try:
            connection = self._connect(timeout)
        except OSError as error:
            raise DaemonUnreachable(self.host, (error.strerror or str(error)).lower()) from error
        from http.client import HTTPException

        with closing(connection):
            try:
                # The engine ends an upload as soon as it knows that it will not do; its answer says why.
                with suppress(BrokenPipeError, ConnectionResetError):
                    connection.request(method, path, body, dict(headers), encode_chunked=True)
                response = connection.getresponse()
                with closing(response):
                    yield response
            except (OSError, HTTPException) as error:
                reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
                raise DaemonUnreachable(self.host, f"the connection broke ({reason})") from error

    def _connect(self, timeout: float) -> HTTPConnection:
        parts = urlsplit(self.host)
        if parts.scheme == "unix":
            link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            link.settimeout(timeout)
            try:
                link.connect(parts.path)
            except OSError:
                link.close()
                raise
            from http.client import HTTPConnection

            connection = HTTPConnection("docker")
            connection.sock = link
            return connection
        if parts.scheme not in ("tcp", "http", "https") or not parts.hostname:
            raise DaemonUnreachable(self.host, f"{parts.scheme}:// addresses are not supported")
        return self._connect_tcp(parts.hostname, parts.port, timeout, tls=parts.scheme == "https")

    def _connect_tcp(self, host: str, port: int | None, timeout: float, *, tls: bool) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection

        folder = self.connections.docker_certificates
        tls = tls or folder is not None
        port = port or _PORTS[tls]
        if not tls:
            connection = HTTPConnection(host, port, timeout=timeout)
        else:
            import ssl

            context = ssl.create_default_context(cafile=str(folder / "ca.pem") if folder else None)
            if folder and (folder / "cert.pem").exists():
                context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
            connection = HTTPSConnection(host, port, timeout=timeout, context=context)
        connection.connect()
        return connection


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"]).rstrip(".")
    except (ValueError, KeyError, TypeError):
        return body[:300].decode(errors="replace").strip() or "no reason given"


def _refusal(status: int, body: bytes) -> str:
    """Return why a load failed, empty where it went well: the engine may report failure after its 200."""
    if status != 200:
        return _message(body)
    for line in body.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and found.get("error"):
            return str(found["error"]).rstrip(".")
    return ""
