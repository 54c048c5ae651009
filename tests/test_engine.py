"""An engine has bounds, whatever an index sends to it."""

from __future__ import annotations

import os
import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from seldon_builder.dependencies import engine
from seldon_builder.dependencies.engine import cleaned_environment, run_engine
from seldon_builder.errors.resolution import EngineFailed
from seldon_builder.events import silent
from seldon_builder.package_index import PackageIndex

from .private_index import raw_server

SLEEP = ["/bin/sh", "-c", "echo $$ > it; exec sleep 60"]


def bomb(asked: bytes) -> Iterator[bytes]:
    """A page that is a thousand times what is sent, as long as anyone wants more of it."""
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n"
    packer = zlib.compressobj(wbits=31)
    while True:
        yield packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH)


def drip(asked: bytes) -> Iterator[bytes]:
    """A page that comes a byte at a time."""
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    while True:
        time.sleep(0.05)
        yield b" "


def run_uv(url: str, folder: Path) -> None:
    import uv

    (folder / "requirements.in").write_text("alpha\n")
    command = [uv.find_uv_bin(), "pip", "compile", "requirements.in", "--no-config", "--no-cache"]
    environment = cleaned_environment(PackageIndex(), folder) | {"UV_DEFAULT_INDEX": url}
    run_engine(command, environment, folder, PackageIndex(), silent)


def test_a_page_that_fills_the_memory_ends_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MEMORY_AT_MOST", 256 << 20)
    with raw_server(bomb) as url, pytest.raises(EngineFailed, match=r"uv .* more than 256 MiB"):
        run_uv(url, tmp_path)


def test_a_page_without_end_ends_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SECONDS_AT_MOST", 1)
    with raw_server(drip) as url, pytest.raises(EngineFailed, match=r"uv .* more than 1 seconds"):
        run_uv(url, tmp_path)


def test_no_engine_outlives_its_time(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_engine(SLEEP, {}, tmp_path, PackageIndex(), silent, seconds=0.5)

    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "it").read_text()), 0)


def test_what_is_no_text_is_heard_all_the_same(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", r"printf '\377 said'; printf '\377 complained' >&2; exit 3"]

    found = run_engine(command, {}, tmp_path, PackageIndex(), silent)

    assert (found.status, found.output, found.complaint) == (3, "\ufffd said", "\ufffd complained")
