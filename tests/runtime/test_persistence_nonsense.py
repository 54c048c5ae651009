"""Something that answers at Redis's port and is no Redis."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from seldon_runtime.errors import StateUnreachable

from tests.runtime.redis_state import Counter, keeper_of, kept

NONSENSE = [b"$abc\r\n", b"*2\r\n$1\r\na\r\n$1\r\nb\r\n", b":5\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"]


@contextmanager
def answering(said: bytes) -> Iterator[int]:
    """Answer every command but those of a client that introduces itself with ``said``."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer, args=(listener, said), daemon=True).start()
        yield listener.getsockname()[1]


def _answer(listener: socket.socket, said: bytes) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_talk, args=(client, said), daemon=True).start()


def _talk(client: socket.socket, said: bytes) -> None:
    with suppress(OSError), client:
        while asked := client.recv(65536):
            hello = b"%1\r\n$5\r\nproto\r\n:3\r\n" * asked.count(b"HELLO\r")
            client.sendall(hello + b"+OK\r\n" * asked.count(b"CLIENT\r") or said)


@pytest.mark.parametrize("said", NONSENSE)
def test_nonsense_in_place_of_a_state_ends_the_start_by_its_name(said: bytes) -> None:
    with answering(said) as port, pytest.raises(StateUnreachable):
        keeper_of(port).restore()


def test_nonsense_in_place_of_an_acknowledgement_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with answering(b"$abc\r\n") as port, caplog.at_level(logging.WARNING):
        asyncio.run(kept(keeper_of(port), Counter()))

    assert "is not saved" in caplog.text
