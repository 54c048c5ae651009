"""A server as a process: how each side starts one, asks it once, and ends it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import processes
from .environments import Environment
from .payloads import Call

SERVER_CORE, LOAD_CORE = "0", "1"
STARTS_WITHIN = 60.0
MODELS = Path(__file__).parent / "models"


@dataclass(frozen=True)
class Server:
    """``command`` and ``variables`` may hold {bin}, {http}, {grpc} and {metrics}: a folder and free ports."""

    name: str
    environment: Environment
    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: Path = MODELS
    cores: str = SERVER_CORE

    def with_variables(self, **variables: str) -> Server:
        return replace(self, variables={**self.variables, **variables})

    @contextlib.contextmanager
    def running(self) -> Generator[Running, None, None]:
        """Start it, on its cores, and end it with everything that descends from it."""
        names = {
            name: str(port) for name, port in zip(("http", "grpc", "metrics"), _free_ports(3), strict=True)
        }
        names["bin"] = str(self.environment.folder / "bin")
        command = ("taskset", "-c", self.cores, *(part.format(**names) for part in self.command))
        own = {name: value.format(**names) for name, value in self.variables.items()}
        path = f"{names['bin']}:{os.environ['PATH']}"
        # What this process was told is no business of the servers.
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**kept, "PATH": path, **own},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield Running(self, process, int(names["http"]), int(names["grpc"]), log.fileno())
            finally:
                _end(process)


@dataclass(frozen=True)
class Running:
    """A server's process and ports."""

    server: Server
    process: subprocess.Popen[bytes]
    http: int
    grpc: int
    log: int

    def await_answer(self, call: Call) -> None:
        """Ask until the answer is right; SystemExit with the server's log where that never is."""
        end, last = time.monotonic() + STARTS_WITHIN, "nothing listens"
        while time.monotonic() < end and self.process.poll() is None:
            try:
                found = self.ask(call)
            except (OSError, http.client.HTTPException, LookupError, ValueError) as error:
                last = f"{type(error).__name__}: {error}"
            else:
                if abs(found - call.first) < 1e-9:
                    return
                last = f"the first number is {found}, not {call.first}"
            # Short: how long a start takes is measured with this.
            time.sleep(0.002)
        log = os.pread(self.log, 1 << 20, 0).decode(errors="replace")[-2000:]
        raise SystemExit(f"{self.server.name} does not answer {call.path}: {last}\n{log}")

    def ask(self, call: Call) -> float:
        """Return the first number of an answer; OSError, LookupError, ValueError where there is none."""
        if not call.is_grpc:
            return _first_float(json.loads(_asked(self.http, call)))
        answer = _asked_grpc(self.grpc, call)
        # It stands there as eight bytes, however it is framed.
        if struct.pack("<d", call.first) not in answer:
            raise ValueError(f"the answer {answer[:80]!r} does not hold {call.first}")
        return call.first

    def size(self, call: Call) -> int:
        """Return how many bytes an answer has."""
        return len(_asked_grpc(self.grpc, call) if call.is_grpc else _asked(self.http, call))

    def url(self, call: Call) -> str:
        return f"http://127.0.0.1:{self.grpc if call.is_grpc else self.http}{call.path}"


def _asked(port: int, call: Call) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", call.path, call.body, {"content-type": call.content_type})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"status {answer.status}: {body[:500]!r}")
    return body


def _first_float(value: object) -> float:
    if isinstance(value, float):
        return value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        with contextlib.suppress(LookupError):
            return _first_float(part)
    raise LookupError("the answer holds no float")


def _asked_grpc(port: int, call: Call) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10), tempfile.NamedTemporaryFile() as file:
        file.write(call.body)
        file.flush()
        headers = (f"-Hcontent-type: {call.content_type}", "-Hte: trailers")
        window = ("--window-bits=24", "--connection-window-bits=24")
        command = ("nghttp", *headers, *window, "--timeout=10", f"--data={file.name}")
        url = f"http://127.0.0.1:{port}{call.path}"
        done = subprocess.run((*command, url), capture_output=True, check=False)
    if done.returncode or not done.stdout:
        raise OSError(f"no answer: {done.stderr[:500]!r}")
    return done.stdout


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, below those that the kernel gives to outgoing connections."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(15000, 32000)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            found.append(port)
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    pids = processes.tree(process.pid)
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(3)
    # Some peers leave processes behind.
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
