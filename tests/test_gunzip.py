from __future__ import annotations

import gzip
import io
import zlib

import pytest
from seldon_builder.gunzip import inflated

from .sample_images import noise

PARTS = (b"", b"short", bytes(5_000_000), noise(300_000), bytes(1 << 20))


@pytest.mark.parametrize("count", range(len(PARTS) + 1))
def test_all_members_are_unpacked(count: int) -> None:
    blob = b"".join(gzip.compress(part) for part in PARTS[:count])
    pieces = list(inflated(io.BytesIO(blob)))
    assert b"".join(pieces) == b"".join(PARTS[:count])
    assert all(len(piece) <= 1 << 20 for piece in pieces)


@pytest.mark.parametrize("part", PARTS[1:])
@pytest.mark.parametrize("missing", [1, 8, 12])
def test_a_stream_that_is_cut_short_is_an_error(part: bytes, missing: int) -> None:
    with pytest.raises(EOFError):
        list(inflated(io.BytesIO(gzip.compress(part)[:-missing])))


def test_a_damaged_stream_is_an_error() -> None:
    blob = bytearray(gzip.compress(noise(100_000)))
    blob[-5] ^= 1
    with pytest.raises(zlib.error):
        list(inflated(io.BytesIO(bytes(blob))))
