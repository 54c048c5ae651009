"""Hand-made wheels and a package index of them on 127.0.0.1, for the tests of resolving and fetching."""

from __future__ import annotations

import base64
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def make_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    requires: tuple[str, ...] = (),
    tag: str = "py3-none-any",
    files: dict[str, bytes] | None = None,
    requires_python: str = "",
    headers: tuple[str, ...] = (),
) -> Path:
    """Write a wheel with one module of its name (or ``files``) and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    metadata += [f"Requires-Python: {requires_python}"] if requires_python else []
    metadata += [*headers, *(f"Requires-Dist: {line}" for line in requires)]
    members = {f"{module}/__init__.py": b"" if files is None else None, **(files or {})}
    members[f"{info}/METADATA"] = ("\n".join(metadata) + "\n").encode()
    members[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    path = folder / f"{module}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        record = ""
        for member, content in members.items():
            if content is None:
                continue
            archive.writestr(zipfile.ZipInfo(member), content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{member},sha256={digest},{len(content)}\n"
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD"), record + f"{info}/RECORD,,\n")
    return path


def make_sdist(folder: Path, name: str, version: str = "1.0") -> Path:
    """Write what looks like an sdist; nothing may ever try to build it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name.replace('-', '_')}-{version}.tar.gz"
    path.write_bytes(b"not really a tarball")
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class Index:
    """A running index: its folder of files, what it was asked, and how it should misbehave."""

    folder: Path
    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    credential: str = ""
    drops: dict[str, int] = field(default_factory=dict)
    lies: dict[str, str] = field(default_factory=dict)
    redirect_to: str = ""

    @property
    def simple(self) -> str:
        """The index URL."""
        return f"{self.url}/simple/"

    @property
    def downloads(self) -> list[str]:
        """The wheels that were asked for in full."""
        return [path for method, path in self.requests if method == "GET" and path.endswith(".whl")]


def _page(index: Index, project: str) -> bytes | None:
    links = []
    for path in sorted(index.folder.iterdir()):
        if path.name.split("-")[0].replace("_", "-").lower() == project:
            digest = index.lies.get(path.name, sha256(path))
            links.append(f'<a href="../../files/{path.name}#sha256={digest}">{path.name}</a><br>')
    return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode() if links else None


@contextmanager
def serve(folder: Path, *, credential: str = "") -> Iterator[Index]:
    """Serve the wheels of ``folder`` as an index; ``credential`` is "user:password" to ask for."""
    folder.mkdir(parents=True, exist_ok=True)
    index = Index(folder, credential=credential)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            index.requests.append((self.command, self.path))
            expected = "Basic " + base64.b64encode(index.credential.encode()).decode()
            if index.credential and self.headers.get("Authorization") != expected:
                return self.reply(401, b"who are you?", body=body)
            if self.path.startswith("/simple/"):
                page = _page(index, self.path.split("/")[2])
                return self.reply(200 if page else 404, page or b"no such project", "text/html", body=body)
            name = self.path.rsplit("/", 1)[-1]
            if index.redirect_to:
                return self.reply(302, b"", body=body, location=f"{index.redirect_to}/files/{name}")
            path = index.folder / name
            if not path.is_file():
                return self.reply(404, b"no such file", body=body)
            return self.send_file(path.read_bytes(), name, body=body)

        def send_file(self, content: bytes, name: str, *, body: bool) -> None:
            start = 0
            asked = self.headers.get("Range", "")
            if asked.startswith("bytes=") and asked.endswith("-") and asked[6:-1].isdigit():
                start = int(asked[6:-1])
            if body and index.drops.get(name, 0) > 0:
                index.drops[name] -= 1
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(content) - start))
                self.send_header("Accept-Ranges", "bytes")
                self.end_headers()
                self.wfile.write(content[start : start + (len(content) - start) // 2])
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()
                return
            extra = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
            self.reply(206 if start else 200, content[start:], body=body, **extra)

        def reply(
            self,
            status: int,
            content: bytes,
            kind: str = "application/octet-stream",
            *,
            body: bool,
            location: str = "",
            **headers: str,
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
            if location:
                self.send_header("Location", location)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    index.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
