"""A registry in memory that can be told to misbehave."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass
class Fault:
    """What to do to the next ``times`` requests of ``method`` whose path matches ``path``.

    Status 0 drops the connection after ``after`` bytes of the body (either way), ``pause`` waits first.
    """

    method: str
    path: str
    times: int = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: int = 0
    pause: float = 0.0


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]


class FakeRegistry:
    """Blobs and manifests by path, the requests that came, and the faults to come."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.address = ""

    def count(self, method: str, path: str = "") -> int:
        """How many requests came."""
        return sum(seen.method == method and bool(re.search(path, seen.path)) for seen in self.seen)

    def fault(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets, used up."""
        for fault in self.faults:
            if fault.times and fault.method == method and re.search(fault.path, path):
                fault.times -= 1
                return fault
        return None


@contextmanager
def running() -> Iterator[FakeRegistry]:
    """Serve a registry on a free port of this machine."""
    registry = FakeRegistry()
    handler = type("Handler", (_Handler,), {"registry": registry})
    server = _Server(("127.0.0.1", 0), handler)
    registry.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *arguments: object) -> None:
        """Stay silent about clients that hang up: some tests do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: FakeRegistry

    def log_message(self, *arguments: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        """Serve a blob or manifest."""
        if self._faulty():
            return
        kind, _, name = self.path.partition("?")[0].rpartition("/")
        if kind.endswith("/blobs"):
            data = self.registry.blobs.get(name)
            start = int(re.sub(r"\D", "", self.headers.get("Range", "")) or 0)
            self._answer(404 if data is None else 206 if start else 200, (data or b"")[start:])
        elif name in self.registry.manifests:
            media_type, data = self.registry.manifests[name]
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            self._answer(200, data, {"Content-Type": media_type, "Docker-Content-Digest": digest})
        else:
            self._answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')

    def do_HEAD(self) -> None:
        """Serve the headers of a blob or manifest."""
        self.do_GET()

    def do_POST(self) -> None:
        """Begin an upload."""
        if not self._faulty():
            self._read()
            self._answer(202, b"", {"Location": f"{self.path.partition('?')[0]}1?state=x"})

    def do_PUT(self) -> None:
        """Store a blob or manifest."""
        if self._faulty():
            return
        data = self._read()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if "/manifests/" in self.path:
            found = (self.headers.get("Content-Type", _MANIFEST), data)
            self.registry.manifests[self.path.rpartition("/")[2]] = self.registry.manifests[digest] = found
        else:
            self.registry.blobs[digest] = data
        self._answer(201, b"", {"Docker-Content-Digest": digest})

    def _faulty(self) -> bool:
        self.registry.seen.append(
            Seen(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        )
        fault = self.registry.fault(self.command, self.path)
        if fault is None:
            return False
        time.sleep(fault.pause)
        if fault.status:
            self._read()
            self._answer(fault.status, fault.body, fault.headers)
        else:
            self._drop(fault)
        return True

    def _drop(self, fault: Fault) -> None:
        if self.command in ("PUT", "POST"):
            self.rfile.read(min(fault.after, int(self.headers.get("Content-Length", 0))))
        elif fault.after:
            data = self.registry.blobs[self.path.rpartition("/")[2]]
            start = int(re.sub(r"\D", "", self.headers.get("Range", "")) or 0)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            self.wfile.write(data[start : start + fault.after])
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def _read(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
