"""A real server over HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from seldon_runtime.request_errors import PayloadInvalid, RequestError
from seldon_runtime.rest.http_protocol import LARGEST_HEAD
from seldon_runtime.rest.replies import refusal

from tests.served import JSON, PREDICTIONS, Server, exchange, serving

MODEL = """
import sys, threading, time
import numpy as np

class Model:
    def __init__(self):
        self.lock, self.inside, self.most = threading.Lock(), 0, 0
        self.threads = {threading.current_thread().name}

    def load(self):
        self.threads.add(threading.current_thread().name)

    def predict(self, X, names, meta=None):
        if isinstance(X, dict):
            return getattr(self, X["call"])(*X.get("with", []))
        if isinstance(X, (str, bytes)):
            return X
        return X * 2

    def sleep(self, seconds):
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(seconds)
        with self.lock:
            self.inside -= 1
        return {"most": self.most}

    def where(self):
        self.threads.add(threading.current_thread().name)
        return sorted(self.threads)

    def wrong(self, text):
        raise ValueError(text)

    def mojibake(self):
        raise ValueError(chr(0xD800))

    def nonsense(self):
        return object()

    def leave(self):
        sys.exit(3)

    def forget(self):
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        return []
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("model"), MODEL) as running:
        yield running


def call(name: str, *arguments: object) -> dict[str, object]:
    return {"jsonData": {"call": name, "with": arguments}}


@pytest.mark.parametrize("path", [PREDICTIONS, "/api/v0.1/predictions", "/predict"])
def test_each_path_of_predict_answers_the_seldon_message(server: Server, path: str) -> None:
    reply = server.ask({"data": {"ndarray": [[1, 2.5]]}, "meta": {"puid": "x"}}, path)

    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.body == b'{"data":{"names":["t:0","t:1"],"ndarray":[[2.0,5.0]]},"meta":{"puid":"x"}}\n'


def test_a_tensor_is_answered_with_a_tensor(server: Server) -> None:
    reply = server.ask({"data": {"tensor": {"shape": [2, 1], "values": [1, 2]}}})

    assert reply.json["data"] == {"names": ["t:0"], "tensor": {"shape": [2, 1], "values": [2, 4]}}


MESSAGE = '{"strData":"a+b&c=\\u00e9"}'
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("POST", "/predict", urlencode({"json": MESSAGE}), FORM),
        ("POST", "/predict", urlencode({"json": MESSAGE}), {"Content-Type": FORM["Content-Type"] + ";q=1"}),
        ("GET", f"/predict?json={quote(MESSAGE)}", None, {}),
        ("POST", f"/predict?json={quote(MESSAGE)}", None, {}),
        ("POST", "/predict?other=1", MESSAGE, JSON),
        ("POST", "/predict", MESSAGE, FORM),
        ("POST", "/predict", MESSAGE, {}),
        ("POST", "/predict", MESSAGE, {"Content-Type": "application/vnd.x+json"}),
        ("GET", "/predict", MESSAGE, JSON),
    ],
)
def test_the_message_is_found_wherever_clients_put_it(
    server: Server, method: str, path: str, body: str | None, headers: dict[str, str]
) -> None:
    reply = server.request(method, path, body, headers)

    assert (reply.status, reply.json) == (200, {"meta": {}, "strData": "a+b&c=é"})


@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/health/ping", "text/html; charset=utf-8", b"pong"),
        ("/health/status", "application/json", b'{"meta":{},"strData":"healthy"}\n'),
        ("/api/v1.0/health/status", "application/json", b'{"meta":{},"strData":"healthy"}\n'),
    ],
)
def test_health_is_answered(server: Server, path: str, content_type: str, body: bytes) -> None:
    reply = server.request("GET", path)

    assert (reply.status, reply.headers["content-type"], reply.body) == (200, content_type, body)


def test_head_is_get_without_the_body(server: Server) -> None:
    reply = server.request("HEAD", "/health/ping")

    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"", "4")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "no body"),
        (b"{", "not JSON"),
        (b"null", "JSON object"),
        (b"[1]", "JSON object"),
        (b"\xff\xfe", "not JSON"),
        (b"{}", "it holds nothing"),
        (b'{"meta": {}, "other": 1}', "it holds meta, other"),
        (b'{"data": {"ndarray": [[1], [1, 2]]}}', "differ in length"),
        (b'{"binData": "?"}', "not base64"),
        (b'{"data": {"tensor": {"shape": [9], "values": [1]}}}', "do not fill shape"),
        (b"[" * 200_000, "not JSON"),
        (json.dumps(call("nonsense")).encode(), "the model returned object"),
    ],
)
def test_a_body_that_cannot_be_served_is_the_clients_error(
    server: Server, body: bytes, complaint: str
) -> None:
    reply = server.request("POST", PREDICTIONS, body)

    assert reply.status == 400
    assert complaint in reply.json["status"].pop("info")
    assert reply.json["status"] | {"info": ""} == {
        "code": -1,
        "info": "",
        "reason": "MICROSERVICE_BAD_DATA",
        "status": 1,
    }


def test_a_form_without_a_message_is_the_clients_error(server: Server) -> None:
    assert server.request("POST", "/predict", "a=b", FORM).status == 400


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/nowhere", 404, None),
        ("POST", "/", 404, None),
        ("GET", PREDICTIONS, 405, "POST, OPTIONS"),
        ("DELETE", "/predict", 405, "GET, HEAD, POST, OPTIONS"),
        ("POST", "/health/ping", 405, "GET, HEAD, OPTIONS"),
    ],
)
def test_an_unknown_path_is_404_and_a_wrong_method_405(
    server: Server, method: str, path: str, status: int, allow: str | None
) -> None:
    reply = server.request(method, path)

    assert (reply.status, reply.headers.get("allow")) == (status, allow)
    assert reply.json["status"]["code"] == -1


@pytest.mark.parametrize(
    ("message", "info"),
    [(call("wrong", "broken"), "broken"), (call("mojibake"), "?"), (call("leave"), "3")],
)
def test_a_model_that_raises_or_exits_is_500_and_the_server_lives_on(
    server: Server, message: object, info: str
) -> None:
    reply = server.ask(message)

    assert (reply.status, reply.json["status"]["info"]) == (500, info)
    assert reply.json["status"]["reason"] == "MICROSERVICE_INTERNAL_ERROR"
    assert server.request("GET", "/health/ping").status == 200


def test_one_connection_serves_many_requests(server: Server) -> None:
    connection = server.connect()
    sockets = set()
    for _ in range(5):
        assert exchange(connection, "POST", PREDICTIONS, '{"strData":"a"}').status == 200
        sockets.add(connection.sock)
    connection.close()

    assert len(sockets) == 1


def test_a_refused_request_does_not_cost_its_connection(server: Server) -> None:
    connection = server.connect()
    assert exchange(connection, "POST", "/nowhere", "x" * 100_000).status == 404
    kept = connection.sock
    assert exchange(connection, "POST", PREDICTIONS, '{"strData":"a"}').status == 200

    assert connection.sock is kept
    connection.close()


def test_a_large_body_comes_back_whole(server: Server) -> None:
    rows = [[float(i * j) for i in range(300)] for j in range(300)]

    assert server.ask({"data": {"ndarray": rows}}).json["data"]["ndarray"][299][299] == 2 * 299.0 * 299


def test_a_client_that_leaves_in_the_middle_costs_nobody_else(server: Server) -> None:
    connection = server.connect()
    connection.putrequest("POST", PREDICTIONS)
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b'{"data":')
    connection.close()

    assert server.ask({"strData": "a"}).status == 200


def test_a_model_is_made_and_asked_on_one_thread(server: Server) -> None:
    assert server.ask(call("where")).json["data"]["ndarray"] == ["model_0"]


def asked_at_once(server: Server, count: int) -> tuple[list[dict[str, int]], float]:
    answers: list[dict[str, int]] = []

    def ask() -> None:
        answers.append(server.ask(call("sleep", 0.2)).json["jsonData"])

    threads = [threading.Thread(target=ask) for _ in range(count)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, time.monotonic() - began


def test_one_thread_never_asks_the_model_twice_at_once(server: Server) -> None:
    answers, seconds = asked_at_once(server, 3)

    assert max(answer["most"] for answer in answers) == 1
    assert seconds >= 0.6


def test_health_does_not_wait_behind_a_slow_prediction(server: Server) -> None:
    slow = threading.Thread(target=server.ask, args=(call("sleep", 1),))
    slow.start()
    time.sleep(0.1)
    began = time.monotonic()
    status = server.request("GET", "/health/status").status
    seconds = time.monotonic() - began
    slow.join()

    assert (status, seconds < 0.5) == (200, True)


def test_more_threads_ask_the_model_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL, {"GUNICORN_THREADS": "4"}) as server:
        answers, seconds = asked_at_once(server, 4)

    assert max(answer["most"] for answer in answers) == 4
    assert seconds < 0.7


def test_coroutines_wait_beside_each_other(tmp_path: Path) -> None:
    code = """
    import asyncio

    class Model:
        async def load(self):
            self.rate = 2

        async def predict(self, X):
            await asyncio.sleep(0.3)
            return X * self.rate

        async def health_status(self):
            return [1.0]
    """
    with serving(tmp_path, code) as server:
        threads = [threading.Thread(target=server.ask, args=({"data": {"ndarray": [1]}},)) for _ in range(5)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - began
        assert server.ask({"data": {"ndarray": [3]}}).json["data"]["ndarray"] == [6]
        assert server.request("GET", "/health/status").json["data"]["tensor"] == {
            "shape": [1],
            "values": [1.0],
        }

    assert seconds < 1.0


def test_a_model_that_is_ill_says_so(tmp_path: Path) -> None:
    code = """
    class Model:
        def health_status(self):
            raise RuntimeError("no database")
    """
    with serving(tmp_path, code) as server:
        reply = server.request("GET", "/health/status")
        assert server.request("GET", "/health/ping").status == 200

    assert (reply.status, reply.json["status"]["info"]) == (500, "no database")


class TheirPayload(PayloadInvalid):
    """What a plugin may raise."""


class TheirError(RequestError):
    """What a plugin may raise that no front knows."""


@pytest.mark.parametrize(("error", "status"), [(TheirPayload, 400), (TheirError, 500)])
def test_an_error_of_a_plugin_is_answered_as_what_it_derives_from(
    error: type[RequestError], status: int
) -> None:
    reply = refusal(error("no pigeon carries this"))

    assert reply.status == status
    assert b"no pigeon carries this" in reply.body


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("narrow"), MODEL, {"SELDON_MAX_BODY_BYTES": "100000"}) as server:
        yield server


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(narrow: Server) -> None:
    connection = narrow.connect()
    connection.putrequest("POST", PREDICTIONS)
    connection.putheader("Content-Length", str(1 << 50))
    connection.endheaders()
    response = connection.getresponse()

    assert response.status == 413
    assert json.loads(response.read())["status"]["reason"] == "PAYLOAD_TOO_LARGE"
    connection.close()


def test_a_body_of_unknown_size_is_read_up_to_the_limit_alone(narrow: Server) -> None:
    connection = narrow.connect()
    connection.request("POST", PREDICTIONS, iter([b" " * 60000] * 3), JSON, encode_chunked=True)

    assert connection.getresponse().status == 413
    connection.close()


def test_a_client_that_sent_all_of_a_refused_body_keeps_its_connection(narrow: Server) -> None:
    connection = narrow.connect()

    assert exchange(connection, "POST", PREDICTIONS, b" " * 10_000_000).status == 413
    assert exchange(connection, "POST", PREDICTIONS, b'{"data": {"ndarray": [1]}}').status == 200
    connection.close()


def test_a_body_of_exactly_the_limit_is_answered(narrow: Server) -> None:
    assert narrow.request("POST", PREDICTIONS, b'{"data": {"ndarray": [1]}}'.ljust(100000)).status == 200


@pytest.mark.parametrize("piece", [b"x" * 65536, b"a: b\r\n" * 10000], ids=["one header", "many headers"])
def test_a_head_without_end_is_refused(narrow: Server, piece: bytes) -> None:
    with socket.create_connection(("127.0.0.1", narrow.port), timeout=10) as client:
        client.sendall(b"GET /health/ping HTTP/1.1\r\nHost: x\r\nA: ")
        answered = b""
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                client.sendall(piece)
        with contextlib.suppress(ConnectionError):
            answered = client.recv(100)

    # A reset may overtake the answer where the client goes on sending.
    assert not answered or answered.startswith(b"HTTP/1.1 431 ")
    assert narrow.request("GET", "/health/ping").status == 200


def test_a_head_just_above_its_limit_gets_an_answer(narrow: Server) -> None:
    with socket.create_connection(("127.0.0.1", narrow.port), timeout=10) as client:
        client.sendall(b"GET /health/ping HTTP/1.1\r\nA: " + b"x" * LARGEST_HEAD)
        answer = http.client.HTTPResponse(client)
        answer.begin()

        assert (answer.status, json.loads(answer.read())["status"]["reason"]) == (431, "HEADERS_TOO_LARGE")


def test_a_large_head_is_served_again_and_again(narrow: Server) -> None:
    connection = narrow.connect()

    for _ in range(3):
        assert exchange(connection, "GET", "/health/ping", headers={"A": "x" * 900_000}).status == 200
    connection.close()
