from __future__ import annotations

import gzip
import io
import random
import subprocess

import pytest
from seldon_builder.digest import Digest
from seldon_builder.layers.encoder import CHUNK, GZIP_HEADER, PlainEncoder

NOISE = random.Random(7).randbytes(3 * CHUNK + 12345)
TEXT = b"".join(b"def function_%d(argument): return argument + %d\n" % (n, n) for n in range(60_000))
CONTENTS = {"nothing": b"", "a byte": b"x", "text": TEXT, "noise": NOISE, "both": TEXT[:CHUNK] + NOISE + TEXT}


def encoded(data: bytes, step: int = 1 << 30) -> tuple[bytes, Digest, int]:
    sink = io.BytesIO()
    encoder = PlainEncoder(sink)
    for start in range(0, len(data), step):
        encoder.write(data[start : start + step])
    diff_id, size = encoder.finish()
    return sink.getvalue(), diff_id, size


@pytest.mark.parametrize("name", CONTENTS)
def test_other_programs_read_what_was_written(name: str) -> None:
    data = CONTENTS[name]
    blob, diff_id, size = encoded(data)
    by_gzip = subprocess.run(["gzip", "-dc"], input=blob, capture_output=True, check=True).stdout

    assert by_gzip == gzip.GzipFile(fileobj=io.BytesIO(blob)).read() == data
    assert (diff_id, size) == (Digest.of(data), len(data))


@pytest.mark.parametrize("step", [4093, CHUNK - 1, CHUNK, CHUNK + 1])
def test_the_blob_does_not_show_how_the_writes_were_cut(step: int) -> None:
    assert encoded(CONTENTS["both"], step) == encoded(CONTENTS["both"])


def test_what_does_not_shrink_is_stored() -> None:
    blob, *_ = encoded(NOISE)

    # A stored block (type 0) follows the header, and the whole costs a few bytes per block of 64 KiB.
    assert blob[len(GZIP_HEADER)] & 0b110 == 0
    assert len(NOISE) < len(blob) < len(NOISE) * 1.0003


def test_the_bytes_are_the_ones_that_digests_were_made_of() -> None:
    # The pinned libdeflate's: where this fails, every digest of a layer changes (raise LAYOUT_VERSION).
    assert (
        Digest.of(encoded(TEXT)[0]).hex == "9a3612150e2361561c9e80e8cfe4b671b06e07e3b6a98e9baf78aeb3ae49a80b"
    )
