"""Servers that answer byte by byte, or repeat what they were told."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from seldon_builder.dependencies import dripping
from seldon_builder.dependencies.fetch import fetch
from seldon_builder.dependencies.index_checks import refuse_broken
from seldon_builder.digest import Digest
from seldon_builder.errors.resolution import IndexUnreachable
from seldon_builder.events import silent
from seldon_builder.lock import Artifact, Lock
from seldon_builder.package_index import IndexCredential, PackageIndex
from seldon_builder.secret import Secret
from seldon_builder.store import Store

from .private_index import raw_server


def lock_of(artifact: Artifact) -> Lock:
    return Lock("wheels", "uv 1", "3.13", "linux/amd64", Digest.of(b""), (artifact,))


def drip(begin: bytes) -> Callable[[bytes], Iterator[bytes]]:
    """Send ``begin`` at once, then a byte at a time without end."""

    def answer(asked: bytes) -> Iterator[bytes]:
        yield begin
        while True:
            time.sleep(0.05)
            yield b" "

    return answer


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Long:", "did not begin within"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9999\r\n\r\n", "bytes a second"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "bytes a second"),
    ],
)
def test_a_server_that_drips_is_given_up_in_time(
    tmp_path: Path, begin: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dripping, "SILENCES", 0.3)
    began = time.monotonic()
    with raw_server(drip(begin)) as url:
        index = PackageIndex(index_url=f"{url}/simple/", timeout=1)
        with pytest.raises(IndexUnreachable, match=said):
            refuse_broken(index, "alpha")
        lock = lock_of(Artifact("alpha", "1", f"{url}/alpha-1-py3-none-any.whl", Digest.of(b"x")))
        with pytest.raises(IndexUnreachable, match=said):
            fetch(lock, index, Store(tmp_path), silent)

    assert time.monotonic() - began < 6


def echo(begin: bytes, end: bytes) -> Callable[[bytes], Iterator[bytes]]:
    """Answer with what it was told, where it hurts."""

    def answer(asked: bytes) -> Iterator[bytes]:
        told = next(line for line in asked.split(b"\r\n") if line.startswith(b"Authorization: "))
        yield begin + told.partition(b": ")[2] + end

    return answer


@pytest.mark.parametrize("begin", [b"HTTP/1.1 401 ", b"HTTP/1.1 500 ", b"HTTP/1.1 999 ", b""])
def test_no_error_repeats_what_a_server_repeats(begin: bytes) -> None:
    user, password = "ci", "s3cr3t/+%"
    with raw_server(echo(begin, b"\r\nContent-Length: 0\r\n\r\n")) as url:
        credential = IndexCredential(url, Secret(user), Secret(password))
        index = PackageIndex(index_url=f"{url}/simple/", credentials=(credential,))
        with pytest.raises(IndexUnreachable) as caught:
            refuse_broken(index, "alpha")

    assert base64.b64encode(f"{user}:{password}".encode()).decode()[:-2] not in str(caught.value)
