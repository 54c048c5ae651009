"""Bodies that pass through real servers, over REST and over gRPC."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.served import PREDICTIONS, Server, serving

PASS = {"PAYLOAD_PASSTHROUGH": "true"}
# The body goes back reversed: nobody can mistake it for what another part of the server sends.
REVERSED = """
class Model:
    def predict(self, body, names, meta):
        assert type(body) is bytes and names == [] and meta == {}
        return body[::-1]
"""
RAW = "class Model:\n    def predict_raw(self, body):\n        return body[::-1]\n"
ANSWERS = """
import numpy as np

class Model:
    def predict(self, body, names):
        return eval(body.decode())
"""
TYPES = (
    "application/json",
    "application/octet-stream",
    "text/csv; charset=latin-1",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=here",
    "image/png",
)
MEGABYTE = os.urandom(1 << 20)
FORM = b"json=%7B%22data%22%3A%7B%22ndarray%22%3A%5B1%5D%7D%7D"
MULTIPART = b'--here\r\nContent-Disposition: form-data; name="json"\r\n\r\n{}\r\n--here--\r\n'


@pytest.fixture(scope="module", params=[REVERSED, RAW], ids=["predict", "predict_raw"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("model"), request.param, PASS) as started:
        yield started


def post(server: Server, body: bytes, content_type: str, path: str = PREDICTIONS) -> tuple[int, bytes, str]:
    reply = server.request("POST", path, body, {"Content-Type": content_type} if content_type else {})
    return reply.status, reply.body, reply.headers["content-type"]


@pytest.mark.parametrize("content_type", TYPES)
def test_a_megabyte_of_anything_comes_back_with_its_type(server: Server, content_type: str) -> None:
    assert post(server, MEGABYTE, content_type) == (200, MEGABYTE[::-1], content_type)


@pytest.mark.parametrize(("body", "content_type"), [(FORM, TYPES[3]), (MULTIPART, TYPES[4])])
def test_a_form_is_not_read(server: Server, body: bytes, content_type: str) -> None:
    assert post(server, body, content_type) == (200, body[::-1], content_type)


def test_a_query_is_no_body(server: Server) -> None:
    assert post(server, b"abc", "text/csv", f"{PREDICTIONS}?json=1") == (200, b"cba", "text/csv")


def test_a_body_without_a_type_is_an_octet_stream(server: Server) -> None:
    assert post(server, b"abc", "") == (200, b"cba", "application/octet-stream")


def test_an_empty_body_is_one_too(server: Server) -> None:
    assert post(server, b"", "text/csv") == (200, b"", "text/csv")


def test_a_get_is_an_empty_body(server: Server) -> None:
    reply = server.request("GET", "/predict", None, {})

    assert (reply.status, reply.body) == (200, b"")


def test_other_methods_are_read_as_ever(server: Server) -> None:
    message = {"data": {"ndarray": [1]}}

    assert server.ask(message, "/transform-input").json["data"] == {"names": [], "ndarray": [1]}


@pytest.mark.parametrize("service", ["Model", "Seldon"])
def test_bytes_pass_over_grpc_without_being_a_message(server: Server, service: str) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        predict: Any = channel.unary_unary(f"/seldon.protos.{service}/Predict")

        assert predict(MEGABYTE, timeout=5) == MEGABYTE[::-1]
        assert predict(b"", timeout=5) == b""


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("model"), ANSWERS, PASS) as started:
        yield started


@pytest.mark.parametrize(
    ("expression", "body", "content_type"),
    [
        (b"'h\\u00e4m'", "häm".encode(), "text/x-python"),
        (b"bytearray(b'\\xff')", b"\xff", "text/x-python"),
        (b"{'a': [1.5, None]}", b'{"a":[1.5,null]}', "application/json"),
        (b"[1, 'x']", b'[1,"x"]', "application/json"),
    ],
)
def test_an_answer_is_written_for_what_it_is(
    answering: Server, expression: bytes, body: bytes, content_type: str
) -> None:
    assert post(answering, expression, "text/x-python") == (200, body, content_type)


@pytest.mark.parametrize("expression", [b"None", b"np.ones(2)", b"1.5"])
def test_an_answer_that_is_no_body_is_refused_in_both_protocols(answering: Server, expression: bytes) -> None:
    reply = answering.request("POST", PREDICTIONS, expression, {"Content-Type": "text/x-python"})

    assert reply.status == 400
    assert "PAYLOAD_PASSTHROUGH" in reply.json["status"]["info"]
    with grpc.insecure_channel(f"127.0.0.1:{answering.grpc_port}") as channel:
        predict: Any = channel.unary_unary("/seldon.protos.Model/Predict")
        with pytest.raises(grpc.RpcError, match="PAYLOAD_PASSTHROUGH"):
            predict(expression, timeout=5)


def test_a_model_that_raises_is_answered_as_ever(answering: Server) -> None:
    reply = answering.request("POST", PREDICTIONS, b"1 / 0", {"Content-Type": "text/x-python"})

    assert reply.status == 500
    assert reply.json["status"]["info"] == "division by zero"
