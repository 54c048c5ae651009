"""Clients that open calls and never send what they ask."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.grpc_served import CHECK, PREDICT, GrpcServer, serving_grpc

ECHO = "class Model:\n    def predict(self, X):\n        return X\n"


@contextmanager
def silent(server: GrpcServer, path: str, count: int) -> Iterator[None]:
    """Hold ``count`` calls open whose message never comes."""
    end = threading.Event()

    def nothing() -> Iterator[bytes]:
        end.wait(30)
        yield from ()

    calls: list[Any] = [server.channel.stream_unary(path).future(nothing()) for _ in range(count)]
    try:
        yield
    finally:
        for call in calls:
            call.cancel()
        end.set()


@pytest.mark.parametrize("path", [PREDICT, CHECK])
def test_others_are_answered_while_some_send_nothing(tmp_path: Path, path: str) -> None:
    message = {"data": {"ndarray": [1.0]}}
    with serving_grpc(tmp_path, ECHO) as server, silent(server, path, 30):
        for _ in range(5):
            assert list(server.ask(message, timeout=5).data.ndarray.values)
            assert server.call(CHECK, timeout=5) == b"\x08\x01"
