"""Statuses that an author chooses and after which HTTP knows no body."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served import PREDICTIONS, Server, serving

PASSED = "class Model:\n    def predict(self, X):\n        return {'status': {'code': int(X)}}\n"
HANDLED = """
from flask import Blueprint

model_errors = Blueprint("model_errors", __name__)

class Refused(Exception):
    pass

@model_errors.app_errorhandler(Refused)
def answer(error):
    return "a body", int(str(error))

class Model:
    model_error_handler = model_errors

    def predict(self, X):
        raise Refused(X)
"""


@pytest.fixture(scope="module")
def handled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("handled"), HANDLED) as running:
        yield running


def after_the_head(server: Server, body: str) -> bytes:
    """Return what a connection brings after the head of the answer to ``body``."""
    asked = f"POST {PREDICTIONS} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(f"{asked}GET /health/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        found = b"".join(iter(lambda: client.recv(65536), b""))
    return found.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("status", [204, 304])
def test_a_handlers_answer_without_body_leaves_the_connection_in_order(handled: Server, status: int) -> None:
    assert after_the_head(handled, f'{{"strData": "{status}"}}').startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("status", [100, 101, 999])
def test_a_handlers_status_that_ends_no_answer_is_the_models_failure(handled: Server, status: int) -> None:
    reply = handled.ask({"strData": str(status)})
    assert (reply.status, reply.json["status"]["info"]) == (500, str(status))


def test_an_answer_passed_through_without_body_leaves_the_connection_in_order(tmp_path: Path) -> None:
    with serving(tmp_path, PASSED, {"PAYLOAD_PASSTHROUGH": "1"}) as server:
        assert after_the_head(server, "204").startswith(b"HTTP/1.1 200 OK")
