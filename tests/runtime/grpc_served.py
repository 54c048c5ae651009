"""Real servers asked over gRPC."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from seldon_runtime.proto.messages import SELDON_MESSAGE, from_json

from tests import served
from tests.served import Server

PREDICT = "/seldon.protos.Model/Predict"
CHECK = "/grpc.health.v1.Health/Check"
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@dataclass
class GrpcServer(Server):
    channel: Any = None

    def call(self, path: str, body: bytes = b"", timeout: float = 20) -> bytes:
        return bytes(self.channel.unary_unary(path)(body, timeout=timeout))

    def ask(self, message: Any, path: str = PREDICT, timeout: float = 20) -> Any:
        """Send a message, or the JSON form of one, and return the answer as a message."""
        asked = from_json(SELDON_MESSAGE, message) if isinstance(message, dict) else message
        return SELDON_MESSAGE.FromString(self.call(path, asked.SerializeToString(), timeout))

    def refusal(self, message: Any, path: str = PREDICT, timeout: float = 20) -> tuple[str, str]:
        """Send a message that is refused; return the status and its details."""
        try:
            answer = self.ask(message, path, timeout)
        except grpc.RpcError as error:
            return error.code().name, str(error.details())
        raise AssertionError(f"it was answered: {answer}")


def start_grpc(
    folder: Path, code: str, variables: Mapping[str, str] | None = None, python: str = sys.executable
) -> GrpcServer:
    """Start a server and do not wait for it."""
    before, sys.executable = sys.executable, python
    try:
        started = served.start(folder, code, variables)
    finally:
        sys.executable = before
    channel = grpc.insecure_channel(f"127.0.0.1:{started.grpc_port}", OPTIONS)
    return GrpcServer(started.process, started.port, started.grpc_port, started.metrics_port, channel)


def wait_until_serving(server: GrpcServer) -> None:
    for _ in range(1000):
        if server.process.poll() is not None:
            raise AssertionError(f"the server ended: {end(server)}")
        try:
            if server.channel.unary_unary(CHECK)(b"", wait_for_ready=True, timeout=1) == b"\x08\x01":
                return
        except grpc.RpcError:
            continue
        time.sleep(0.01)
    raise AssertionError("the server never answered")


@contextmanager
def serving_grpc(
    folder: Path, code: str, variables: Mapping[str, str] | None = None, python: str = sys.executable
) -> Iterator[GrpcServer]:
    server = start_grpc(folder, code, variables, python)
    try:
        wait_until_serving(server)
        yield server
    finally:
        end(server)


def end(server: GrpcServer) -> str:
    """Kill the server, if it is still there; return what it said."""
    server.channel.close()
    if server.process.poll() is None:
        server.process.kill()
    output = server.process.stdout
    said = "" if output is None or output.closed else output.read()
    with contextlib.suppress(ValueError):  # it was read before
        server.process.communicate()
    return said
