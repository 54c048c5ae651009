"""Where in a request the message may be, and how bodies are passed through."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.served import PREDICTIONS, Reply, Server, serving

ECHO = """
class Model:
    def predict(self, X, names, meta=None):
        return X
"""
BOUNDARY = "xYzZY"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("model"), ECHO) as running:
        yield running


def part(name: str, content: bytes | str, file: str = "") -> bytes:
    filename = f'; filename="{file}"' if file else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n'
    return head.encode() + (content.encode() if isinstance(content, str) else content) + b"\r\n"


def post(server: Server, *parts: bytes, boundary: str = BOUNDARY, end: bytes | None = None) -> Reply:
    body = b"".join(parts) + (f"--{BOUNDARY}--\r\n".encode() if end is None else end)
    return server.request(
        "POST", "/predict", body, {"Content-Type": f'multipart/form-data; boundary="{boundary}"'}
    )


@pytest.mark.parametrize(
    ("parts", "answered"),
    [
        ([part("strData", "a\r\nü")], {"strData": "a\r\nü"}),
        ([part("strData", "text", "a.txt")], {"strData": "text"}),
        ([part("jsonData", '{"a": 1}')], {"jsonData": {"a": 1}}),
        ([part("jsonData", '{"a": 1}', "a.json")], {"strData": '{"a": 1}'}),
        (
            [part("binData", b"\x00\r\n\xff--", "a.bin")],
            {"binData": base64.b64encode(b"\x00\r\n\xff--").decode()},
        ),
        ([part("binData", '"aGk="')], {"binData": "aGk="}),
        ([part("binData", "aGk=")], {"binData": "aGk="}),
        ([part("data", '{"ndarray": [1]}', "rows.json")], {"data": {"names": [], "ndarray": [1]}}),
        ([part("json", '{"strData": "a"}')], {"strData": "a"}),
        ([part("strData", "first"), part("strData", "second")], {"strData": "first"}),
        ([b"preamble\r\n", part("strData", "a")], {"strData": "a"}),
    ],
)
def test_each_part_of_a_multipart_body_is_a_field(
    server: Server, parts: list[bytes], answered: dict[str, Any]
) -> None:
    reply = post(server, *parts)

    assert (reply.status, {**reply.json, "meta": {}}) == (200, {**answered, "meta": {}})


def test_meta_may_be_a_part(server: Server) -> None:
    assert post(server, part("strData", "a"), part("meta", '{"puid": "p"}')).json["meta"] == {"puid": "p"}


@pytest.mark.parametrize(
    ("parts", "end", "boundary", "says"),
    [
        ([], None, BOUNDARY, "holds nothing"),
        ([part("jsonData", "{")], None, BOUNDARY, "the part jsonData is not JSON"),
        ([part("strData", b"\xff")], None, BOUNDARY, "the part strData is not UTF-8"),
        ([part("strData", "a")], b"", BOUNDARY, "does not end with its boundary"),
        ([part("strData", "a")], None, "other", "does not end with its boundary"),
        ([part("strData", "a")], None, "", "names no boundary"),
        ([f"--{BOUNDARY}\r\n\r\nx\r\n".encode()], None, BOUNDARY, "has no name"),
        ([f"--{BOUNDARY}\r\n".encode()], None, BOUNDARY, "has no name"),
        ([part("a", "1")] * 1001, None, BOUNDARY, "more than 1000 parts"),
        ([part("binData", "?")], None, BOUNDARY, "not base64"),
    ],
)
def test_a_multipart_body_that_is_none_is_the_clients_error(
    server: Server, parts: list[bytes], end: bytes | None, boundary: str, says: str
) -> None:
    reply = post(server, *parts, boundary=boundary, end=end)

    assert (reply.status, says in reply.json["status"]["info"]) == (400, True), reply.body


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/octet-stream", "nonsense", "application/json;charset=utf-8"]
)
def test_json_is_read_whatever_it_is_called(server: Server, content_type: str) -> None:
    assert (
        server.request("POST", PREDICTIONS, '{"strData":"a"}', {"Content-Type": content_type}).status == 200
    )


def test_the_mark_that_some_tools_put_first_is_no_fault(server: Server) -> None:
    assert server.request("POST", PREDICTIONS, b'\xef\xbb\xbf{"strData":"a"}').json["strData"] == "a"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (urlencode({"json": "{"}), "application/x-www-form-urlencoded"),
        ("json=%7B", "application/x-www-form-urlencoded"),
        (b"json=\xff", "application/x-www-form-urlencoded"),
        ("&".join(["a=1"] * 2000), "application/x-www-form-urlencoded"),
        ("x" * 100, "application/x-www-form-urlencoded"),
        ("", "multipart/form-data"),
    ],
)
def test_a_form_that_holds_no_message_is_the_clients_error(
    server: Server, body: bytes | str, content_type: str
) -> None:
    assert server.request("POST", "/predict", body, {"Content-Type": content_type}).status == 400


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_a_compressed_body_is_refused_as_what_it_is(server: Server, kind: str) -> None:
    reply = server.request("POST", "/predict", gzip.compress(b'{"strData": "x"}'), {"Content-Type": kind})

    assert (reply.status, reply.json["status"]["info"]) == (
        400,
        "the body is compressed with gzip; send it as it is",
    )


def test_a_list_of_messages_may_be_posted_as_curl_does(server: Server, tmp_path: Path) -> None:
    code = "class Model:\n    def aggregate(self, Xs, names):\n        return [len(Xs)]"
    with serving(tmp_path, code) as running:
        reply = running.request(
            "POST", "/aggregate", '[{"strData":"a"}]', {"Content-Type": "application/x-www-form-urlencoded"}
        )
    assert reply.json["data"]["tensor"]["values"] == [1]


RAW = """
import numpy as np

class Model:
    def predict_raw(self, message):
        return message

    def transform_input_raw(self, message):
        return {"status": {"code": 404}, "data": {"ndarray": np.arange(2)}}
"""


@pytest.mark.parametrize(
    ("code", "status", "body"),
    [
        (207, 207, True),
        (404, 404, True),
        (204, 204, False),
        (0, 200, True),
        (-1, 200, True),
        (1000, 200, True),
        ("x", 200, True),
    ],
)
def test_a_raw_predict_may_say_the_status(
    tmp_path_factory: pytest.TempPathFactory, raw: Server, code: object, status: int, body: bool
) -> None:
    reply = raw.ask({"status": {"code": code}}, "/predict")

    assert (reply.status, bool(reply.body)) == (status, body)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("raw"), RAW) as running:
        yield running


def test_a_raw_answer_of_another_method_is_200_whatever_it_says(raw: Server) -> None:
    reply = raw.ask({"strData": "a"}, "/transform-input")

    assert (reply.status, reply.json) == (200, {"status": {"code": 404}, "data": {"ndarray": [0, 1]}})


PASSED = """
class Model:
    def predict(self, X, names, meta):
        assert names == [] and meta == {}
        return X if X[:1] != b"?" else {"asked": X.decode()}
"""


@pytest.fixture(scope="module")
def through(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("passed"), PASSED, {"PAYLOAD_PASSTHROUGH": "1"}) as running:
        yield running


@pytest.mark.parametrize(
    "content_type",
    [
        "application/octet-stream",
        "image/png",
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
    ],
)
@pytest.mark.parametrize("size", [0, 10, 1 << 20])
def test_passed_bytes_come_back_as_they_are(through: Server, content_type: str, size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    headers = {"Content-Type": content_type} if content_type else {}
    reply = through.request("POST", PREDICTIONS, body[:size], headers)

    assert (reply.status, reply.body) == (200, body[:size])
    assert reply.headers["content-type"] == (content_type or "application/octet-stream")


def test_what_is_not_predict_is_not_passed_through(through: Server) -> None:
    reply = through.ask({"data": {"ndarray": [1]}}, "/transform-input")

    assert reply.json["data"]["ndarray"] == [1]


def test_a_dict_that_answers_passed_bytes_is_json(through: Server) -> None:
    reply = through.request("POST", PREDICTIONS, b"?who", {"Content-Type": "text/plain"})

    assert (reply.headers["content-type"], json.loads(reply.body)) == ("application/json", {"asked": "?who"})
