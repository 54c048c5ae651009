"""HTTP itself: clients that are slow, hurried, odd or hostile."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.served import PREDICTIONS, Server, serving

MODEL = """
import time

class Model:
    def predict(self, X):
        if isinstance(X, dict):
            time.sleep(X["sleep"])
            return "x" * X.get("size", 1)
        return X
"""
PING = b"GET /health/ping HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("model"), MODEL) as running:
        yield running


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    variables = {"SELDON_CLIENT_SECONDS": "1", "GUNICORN_KEEPALIVE": "1", "SELDON_MAX_BODY_BYTES": "1000"}
    with serving(tmp_path_factory.mktemp("strict"), MODEL, variables) as running:
        yield running


@contextlib.contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        yield client


def post(message: object, *headers: str) -> bytes:
    body = json.dumps(message).encode()
    lines = "".join(f"{line}\r\n" for line in (*headers, f"Content-Length: {len(body)}"))
    return f"POST {PREDICTIONS} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode() + body


def answers(client: socket.socket, count: int, method: str = "GET") -> list[tuple[int, bytes]]:
    """Read so many answers from one connection."""
    found = []
    with client.makefile("rb") as stream:
        for _ in range(count):
            answer = HTTPResponse(_Held(stream), method=method)  # type: ignore[arg-type]  # all it asks for is makefile
            answer.begin()
            found.append((answer.status, answer.read()))
    return found


class _Held:
    def __init__(self, stream: object) -> None:
        self._stream = stream

    def makefile(self, _mode: str) -> object:
        return _Unclosed(self._stream)


class _Unclosed:
    def __init__(self, stream: object) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return (lambda: None) if name == "close" else getattr(self._stream, name)


def test_requests_in_a_row_are_answered_in_their_order(server: Server) -> None:
    sleeping = post({"jsonData": {"sleep": 0.2, "size": 3}})
    with connected(server) as client:
        client.sendall(sleeping + PING + post({"strData": "a"}) + PING)
        found = answers(client, 4)

    assert [status for status, _ in found] == [200] * 4
    assert [b"xxx" in found[0][1], found[1][1], b'"a"' in found[2][1], found[3][1]] == [
        True,
        b"pong",
        True,
        b"pong",
    ]


def test_a_thousand_requests_in_a_row_are_all_answered(server: Server) -> None:
    with connected(server) as client:
        sender = threading.Thread(target=client.sendall, args=(post({"strData": "a"}) * 1000,))
        sender.start()
        found = answers(client, 1000)
        sender.join()

    assert {status for status, _ in found} == {200}


def test_nonsense_behind_a_request_does_not_overtake_its_answer(server: Server) -> None:
    with connected(server) as client:
        client.sendall(post({"jsonData": {"sleep": 0.2}}) + b"\x00\x01nonsense\r\n\r\n")
        found = answers(client, 1)
        rest = client.recv(100)

    assert (found[0][0], b'"x"' in found[0][1], rest) == (200, True, b"")


@pytest.mark.parametrize("piece", [1, 7, 50])
def test_a_request_in_pieces_is_one_request(server: Server, piece: int) -> None:
    request = post({"strData": "abc"}, "Content-Type: application/json")
    with connected(server) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(request), piece):
            client.sendall(request[start : start + piece])
        found = answers(client, 1)

    assert (found[0][0], json.loads(found[0][1])["strData"]) == (200, "abc")


def test_a_body_in_chunks_is_put_together(server: Server) -> None:
    head = f"POST {PREDICTIONS} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    with connected(server) as client:
        client.sendall(head + b'7\r\n{"strDa\r\n8;a=b\r\nta":"a"}\r\n0\r\nTrailer: x\r\n\r\n' + PING)
        found = answers(client, 2)

    assert (found[0][0], json.loads(found[0][1])["strData"]) == (200, "a")
    assert found[1] == (200, b"pong")


def test_who_asks_first_is_told_to_go_on(server: Server) -> None:
    head, _, body = post({"strData": "a"}, "Expect: 100-continue").partition(b"\r\n\r\n")
    with connected(server) as client:
        client.sendall(head + b"\r\n\r\n")
        asked = client.recv(100)
        client.sendall(body)
        found = answers(client, 1)

    assert (asked, found[0][0]) == (b"HTTP/1.1 100 Continue\r\n\r\n", 200)


def test_who_asks_first_for_too_much_is_refused_at_once(strict: Server) -> None:
    with connected(strict) as client:
        client.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n"
        )
        found = answers(client, 1)
        rest = client.recv(100)

    assert (found[0][0], rest) == (413, b"")


def test_an_offer_of_another_protocol_hides_no_large_body(strict: Server) -> None:
    with connected(strict) as client:
        client.sendall(post({"strData": "a" * 2000}, "Connection: Upgrade", "Upgrade: h2c") + PING)
        found = answers(client, 2)

    assert [status for status, _ in found] == [413, 200]


def test_a_client_that_offers_another_protocol_is_answered_in_this_one(server: Server) -> None:
    offer = (
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    )
    with connected(server) as client:
        client.sendall(post({"strData": "a"}, *offer))
        first = answers(client, 1)
        client.sendall(post({"strData": "b"}, *offer))
        second = answers(client, 1)

    assert [(status, json.loads(body)["strData"]) for status, body in first + second] == [
        (200, "a"),
        (200, "b"),
    ]


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET http://x/health/ping HTTP/1.1", 200),
        (b"GET /health/ping#part HTTP/1.1", 200),
        (b"GET /health/%70ing HTTP/1.1", 200),
        (b"GET /health/ping?a=%ff HTTP/1.1", 200),
        (b"OPTIONS * HTTP/1.1", 404),
        (b"GET /%ff HTTP/1.1", 404),
        (b"GET nowhere HTTP/1.1", 400),
        (b"NONSENSE / HTTP/1.1", 400),
        (b"GET / HTTP/9.9", 400),
        (b"CONNECT x:80 HTTP/1.1", 405),
        (b"hello", 400),
    ],
)
def test_odd_request_lines_are_answered(server: Server, request_line: bytes, status: int) -> None:
    with connected(server) as client:
        client.sendall(request_line + b"\r\nHost: x\r\n\r\n")
        found = answers(client, 1)

    assert found[0][0] == status
    assert status == 200 or json.loads(found[0][1])["status"]["code"] == -1


def test_a_head_and_its_get_differ_in_the_body_alone(server: Server) -> None:
    for path in ("/health/ping", "/metadata", "/seldon.json"):
        head, get = server.request("HEAD", path), server.request("GET", path)

        assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(get.body)))


@pytest.mark.parametrize(
    "lines",
    [b"GET /health/ping HTTP/1.0\r\n\r\n", PING.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")],
)
def test_a_client_that_wants_one_answer_gets_one(server: Server, lines: bytes) -> None:
    with connected(server) as client:
        client.sendall(lines)
        said = b"".join(iter(lambda: client.recv(1000), b""))

    assert b"connection: close\r\n" in said
    assert said.endswith(b"pong")


def test_each_answer_has_a_date(server: Server) -> None:
    assert server.request("GET", "/health/ping").headers["date"].endswith(" GMT")


@pytest.mark.parametrize(
    "begun", [b"", b"GET /health/pi", b"POST /predict HTTP/1.1\r\nContent-Length: 10\r\n\r\n12"]
)
def test_a_client_that_lets_us_wait_is_sent_away(strict: Server, begun: bytes) -> None:
    began = time.monotonic()
    with connected(strict) as client:
        client.sendall(begun)
        said = client.recv(1000)
    seconds = time.monotonic() - began

    assert said.startswith(b"HTTP/1.1 408 " if begun else b"")
    assert bool(said) == bool(begun)
    assert 0.5 < seconds < 5


def test_a_client_that_sends_a_byte_now_and_then_is_sent_away(strict: Server) -> None:
    began, said = time.monotonic(), b""
    with connected(strict) as client:
        client.sendall(b"GET /health/ping HTTP/1.1\r\n")
        client.settimeout(0.1)
        while not said and time.monotonic() - began < 5:
            with contextlib.suppress(TimeoutError, ConnectionError):
                client.sendall(b"a: b\r\n")
                said = client.recv(1000)

    assert said.startswith(b"HTTP/1.1 408 ")


def test_a_slow_model_is_no_slow_client(strict: Server) -> None:
    assert strict.ask({"jsonData": {"sleep": 3.5}}).status == 200


def test_an_idle_connection_is_closed_after_its_time(strict: Server) -> None:
    with connected(strict) as client:
        client.sendall(PING)
        answers(client, 1)
        began = time.monotonic()
        rest = client.recv(100)

    assert (rest, 0.5 < time.monotonic() - began < 4) == (b"", True)


def test_a_client_that_does_not_read_is_sent_away_and_costs_nobody_else(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL, {"SELDON_CLIENT_SECONDS": "1"}) as server, connected(server) as client:
        client.sendall(post({"jsonData": {"sleep": 0, "size": 50_000_000}}))
        time.sleep(4)
        assert server.ask({"strData": "a"}).status == 200
        read = sum(map(len, iter(lambda: client.recv(1 << 20), b"")))

    assert read < 50_000_000


def test_a_refused_body_that_never_ends_is_not_read_for_ever(strict: Server) -> None:
    sent = 0
    with connected(strict) as client, contextlib.suppress(ConnectionError):
        client.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n")
        for _ in range(400):
            client.sendall(b"x" * (1 << 20))
            sent += 1

    assert sent < 200


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Content-Length: -1",
        b"Content-Length: 1e3",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Broken",
        b"A: b\x00c",
    ],
)
def test_a_request_of_doubtful_length_is_refused(server: Server, lines: bytes) -> None:
    with connected(server) as client:
        client.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n\r\nhello")
        found = answers(client, 1)
        with contextlib.suppress(ConnectionError):
            assert client.recv(100) == b""

    assert found[0][0] == 400
    assert server.request("GET", "/health/ping").status == 200
