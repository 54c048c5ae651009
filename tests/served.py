"""Real servers of the runtime, each a process with a model of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import free_port

RUNTIMES = Path(__file__).parents[1] / "runtimes"
PREDICTIONS = "/api/v1.0/predictions"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int
    grpc_port: int = 0
    metrics_port: int = 0

    def connect(self, timeout: float = 10) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(
        self, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] = JSON
    ) -> Reply:
        connection = self.connect()
        try:
            return exchange(connection, method, path, body, headers)
        finally:
            connection.close()

    def ask(self, message: object, path: str = PREDICTIONS) -> Reply:
        return self.request("POST", path, json.dumps(message))

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Signal the server; return its exit code and how long it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(30), time.monotonic() - began


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | str | None = None,
    headers: Mapping[str, str] = JSON,
) -> Reply:
    connection.request(method, path, body, dict(headers))
    response = connection.getresponse()
    return Reply(response.status, response.read(), {k.lower(): v for k, v in response.getheaders()})


def start(folder: Path, code: str, variables: Mapping[str, str] | None = None) -> Server:
    """Start the runtime on a model written as ``code`` in Model.py, with next to no environment."""
    (folder / "Model.py").write_text(textwrap.dedent(code))
    port, grpc_port, metrics_port = free_port(), free_port(), free_port()
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(RUNTIMES),
        "MODEL_NAME": "Model",
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": str(port),
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": str(grpc_port),
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": str(metrics_port),
        **(variables or {}),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "seldon_runtime"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Server(process, port, grpc_port, metrics_port)


def wait_until_ready(server: Server) -> None:
    until(lambda: is_ready(server), 20)


def is_ready(server: Server) -> bool:
    assert server.process.poll() is None, server.process.communicate()[0]
    try:
        return server.request("GET", "/health/status").status != 503
    except OSError:
        return False


def until(holds: Callable[[], Any], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


@contextmanager
def serving(folder: Path, code: str, variables: Mapping[str, str] | None = None) -> Iterator[Server]:
    server = start(folder, code, variables)
    try:
        wait_until_ready(server)
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


def output_of_failure(folder: Path, code: str, variables: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Start a server that must end by itself; return its exit code and what it said."""
    server = start(folder, code, variables)
    said, _ = server.process.communicate(timeout=30)
    return server.process.returncode, said
