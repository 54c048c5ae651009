"""A real private index with passwords and TLS of an own authority, and one that fails in every way."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseServer, StreamRequestHandler, ThreadingMixIn, ThreadingTCPServer
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from .wheelhouse import sha256

# Already over before it began: openssl takes both ends of a certificate's life.
OVER = ("20200101000000Z", "20200102000000Z")


def make_authority(folder: Path) -> Path:
    """Make a certificate authority; its certificate, beside which its key lies."""
    folder.mkdir(parents=True, exist_ok=True)
    _openssl(
        folder, "req", "-x509", *_new_key("ca.key"), "-subj", "/CN=Tests", "-days", "2", "-out", "ca.pem"
    )
    return folder / "ca.pem"


def make_certificate(
    authority: Path, name: str, *, address: str = "IP:127.0.0.1", life: tuple[str, ...] = ()
) -> Path:
    """Make a certificate and its key in one file, for ``address``, signed by ``authority``."""
    folder = authority.parent
    _openssl(folder, "req", *_new_key(f"{name}.key"), "-subj", f"/CN={name}", "-out", f"{name}.csr")
    (folder / f"{name}.ext").write_text(f"subjectAltName={address}\n")
    dates = ["-not_before", life[0], "-not_after", life[1]] if life else ["-days", "2"]
    signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", f"{name}.ext"]
    try:
        _openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signing, *dates, "-out", f"{name}.crt")
    except subprocess.CalledProcessError:
        # Older ones know only how many days are left, from now.
        _openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signing, "-days", "-1", "-out", f"{name}.crt")
    both = folder / f"{name}.pem"
    both.write_text((folder / f"{name}.crt").read_text() + (folder / f"{name}.key").read_text())
    return both


def make_self_signed(folder: Path) -> Path:
    """Make a certificate that vouches for itself alone, with its key."""
    extension = ("-addext", "subjectAltName=IP:127.0.0.1")
    _openssl(folder, "req", "-x509", *_new_key("own.key"), "-subj", "/CN=own", *extension, "-out", "own.crt")
    both = folder / "own.pem"
    both.write_text((folder / "own.crt").read_text() + (folder / "own.key").read_text())
    return both


def _new_key(name: str) -> tuple[str, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", name)


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


class WsgiServer(ThreadingMixIn, WSGIServer):
    """A server of a WSGI application on a free port of this machine."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Silent)


@contextmanager
def private_index(folder: Path, credential: str = "", certificate: Path | None = None) -> Iterator[str]:
    """Serve ``folder`` by a real pypiserver that lets only "user:password" in; the URL of its index."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {
        "folder": str(folder),
        "credential": credential,
        "certificate": str(certificate) if certificate else "",
    }
    command = [sys.executable, "-W", "ignore", "-m", "tests.private_index_server"]
    root, pipe = Path(__file__).parents[1], subprocess.PIPE
    with subprocess.Popen(command, cwd=root, text=True, stdin=pipe, stdout=pipe) as server:
        assert server.stdin
        assert server.stdout
        server.stdin.write(json.dumps(said) + "\n")
        server.stdin.flush()
        yield f"{server.stdout.readline().strip()}/simple/"
        server.stdin.close()


def _unheard(request: object, client_address: object) -> None:
    pass


@contextmanager
def running(server: BaseServer, certificate: Path | str | None) -> Iterator[str]:
    """Serve in a thread, with TLS where there is a certificate; the URL of the server."""
    scheme = "http"
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # The handshake is for the thread of the connection, not for the one that accepts.
        server.socket = context.wrap_socket(  # type: ignore[attr-defined]  # every server of ours has one
            server.socket,  # type: ignore[attr-defined]
            server_side=True,
            do_handshake_on_connect=False,
        )
        scheme = "https"
    # Refused handshakes are what some tests are about.
    server.handle_error = _unheard  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}"  # type: ignore[index]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Faulty:
    """An index of hand-made answers: ``answer`` is called with the path and says status, type and body."""

    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def simple(self) -> str:
        return f"{self.url}/simple/"


Answer = tuple[int, str, bytes]


def always(status: int, kind: str = "text/html", body: bytes = b"") -> Callable[[str], Answer]:
    """Answer the same to everything."""

    def answer(path: str) -> Answer:
        return status, kind, body

    return answer


def never(path: str) -> None:
    """Take a question and say nothing."""


@contextmanager
def faulty_index(answer: Callable[[str], Answer | None], certificate: Path | None = None) -> Iterator[Faulty]:
    """Serve what ``answer`` says of a path; None never says anything."""
    index = Faulty()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            index.requests.append((self.path, self.headers.get("Authorization", "")))
            said = answer(self.path)
            if said is None:
                index.closing.wait(120)
                return
            status, kind, body = said
            with suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body if self.command == "GET" else b"")

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    with running(server, certificate) as index.url:
        try:
            yield index
        finally:
            index.closing.set()


@contextmanager
def raw_server(answer: Callable[[bytes], Iterator[bytes]]) -> Iterator[str]:
    """Serve what ``answer`` yields to a request, byte for byte, as long as anyone listens."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            asked = b""
            while not asked.endswith(b"\r\n\r\n") and (line := self.rfile.readline()):
                asked += line
            with suppress(OSError):
                for part in answer(asked):
                    self.wfile.write(part)

    server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    with running(server, None) as url:
        yield url


def pages_of(folder: Path, yanked: tuple[str, ...] = ()) -> Callable[[str], Answer | None]:
    """Answer as an index of ``folder`` does; the files whose names begin as ``yanked`` says are withdrawn."""

    def answer(path: str) -> Answer:
        parts = path.strip("/").split("/")
        if parts[0] == "files" and (folder / parts[-1]).is_file():
            return 200, "application/octet-stream", (folder / parts[-1]).read_bytes()
        links = [
            f'<a href="/files/{file.name}#sha256={sha256(file)}"'
            f"{_withdrawn(file.name, yanked)}>{file.name}</a>"
            for file in sorted(folder.iterdir())
            if len(parts) > 1 and file.name.split("-")[0] == parts[1].replace("-", "_")
        ]
        page = f"<!DOCTYPE html><html><body>{'<br>'.join(links)}</body></html>"
        return (200, "text/html", page.encode()) if links else (404, "text/plain", b"not here")

    return answer


def _withdrawn(name: str, yanked: tuple[str, ...]) -> str:
    return ' data-yanked="it loses rows"' if yanked and name.startswith(yanked) else ""
