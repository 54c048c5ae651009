"""Clients that use HTTP against the server: its memory, its patience, the order of its answers."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.test_rest_http import answers
from tests.served import PREDICTIONS, Server, serving

MODEL = """
class Model:
    def predict(self, X):
        return "x" * X["size"] if isinstance(X, dict) else X
"""
PING = b"GET /health/ping HTTP/1.1\r\nHost: x\r\n\r\n"
OFFER = b"GET /health/ping HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
CHUNKED = f"POST {PREDICTIONS} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
MEBIBYTE = 1 << 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    variables = {"SELDON_CLIENT_SECONDS": "2", "SELDON_MAX_BODY_BYTES": str(8 * MEBIBYTE)}
    with serving(tmp_path, MODEL, variables) as running:
        yield running


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def peak(server: Server) -> int:
    """Return the most memory that the server ever had, in MiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


def everything_from(client: socket.socket) -> bytes:
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while more := client.recv(65536):
            found += more
    return found


def test_what_follows_a_chunked_body_is_bounded(server: Server) -> None:
    before = peak(server)
    with connected(server.port) as client:
        client.sendall(CHUNKED + b"3\r\n{}\n\r\n0\r\nx: ")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(100):
                client.sendall(b"a" * MEBIBYTE)
    assert peak(server) - before < 50


def test_what_follows_a_chunked_body_does_not_say_what_it_is(server: Server) -> None:
    with connected(server.port) as client:
        client.sendall(CHUNKED + b'f\r\n{"strData":"a"}\r\n0\r\nContent-Type: multipart/form-data\r\n\r\n')
        assert answers(client, 1)[0][0] == 200


def test_a_body_in_tiny_pieces_takes_no_more_than_it_is_long(server: Server) -> None:
    body = b'{"strData":"' + b"ab" * (2 * MEBIBYTE) + b'"}'
    before = peak(server)
    with connected(server.port) as client:
        client.sendall(CHUNKED + b"".join(b"2\r\n%s\r\n" % body[i : i + 2] for i in range(0, len(body), 2)))
        client.sendall(b"0\r\n\r\n")
        status, answer = answers(client, 1)[0]
    assert (status, json.loads(answer)["strData"][:2]) == (200, "ab")
    assert peak(server) - before < 60


def test_offers_of_another_protocol_in_a_row_are_refused(server: Server) -> None:
    with connected(server.port) as client:
        client.sendall(OFFER * 600)
        assert everything_from(client).count(b"200 OK") == 1
    assert server.request("GET", "/health/ping").status == 200


def test_an_offer_of_another_protocol_after_each_answer_is_read_over(server: Server) -> None:
    with connected(server.port) as client:
        for _ in range(3):
            client.sendall(OFFER)
            assert answers(client, 1) == [(200, b"pong")]


def test_a_refused_body_that_never_comes_is_not_answered_twice(server: Server) -> None:
    with connected(server.port) as client:
        client.sendall(f"POST {PREDICTIONS} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n".encode())
        assert everything_from(client).count(b"HTTP/1.1") == 1


def test_who_reads_a_long_answer_slowly_gets_all_of_it(server: Server) -> None:
    size = 24 * MEBIBYTE
    with connected(server.port) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        body = json.dumps({"jsonData": {"size": size}}).encode()
        head = f"POST {PREDICTIONS} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
        found, began = 0, time.monotonic()
        while found < size and (more := client.recv(MEBIBYTE)):
            found += len(more)
            # As a network would that needs twice the server's patience.
            time.sleep(max(0.0, found / size * 5 - (time.monotonic() - began)))
    assert found > size


def test_a_body_sent_to_the_metrics_is_not_kept(server: Server) -> None:
    before = peak(server)
    connection = http.client.HTTPConnection("127.0.0.1", server.metrics_port, timeout=10)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request("POST", "/metrics", (b"a" * MEBIBYTE for _ in range(60)), encode_chunked=True)
    assert connection.getresponse().status == 405
    assert peak(server) - before < 30
    connection.close()
