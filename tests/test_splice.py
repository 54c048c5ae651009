from __future__ import annotations

import gzip
import io
import random
import subprocess
import zlib

import pytest
from seldon_builder.digest import Digest
from seldon_builder.layers import splice
from seldon_builder.layers.encoder import GZIP_HEADER
from seldon_builder.layers.splice import DeflateDamaged, SplicingEncoder, fixed_huffman

RANDOM = random.Random(11)


def deflated(data: bytes, level: int = 6, *, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)
    return compressor.compress(data) + compressor.flush()


def in_blocks(data: bytes) -> bytes:
    """Compress to several blocks, as large files are."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    parts = (data[at : at + 1000] for at in range(0, len(data), 1000))
    return (
        b"".join(compressor.compress(part) + compressor.flush(zlib.Z_FULL_FLUSH) for part in parts)
        + compressor.flush()
    )


def text(size: int) -> bytes:
    words = [b"import", b"numpy", b"return", b"self", b"(", b")", b"\n", b"    ", b"\xc3\xa9"]
    return b" ".join(RANDOM.choice(words) for _ in range(size // 3 + 1))[:size]


def spliced(parts: list[tuple[bytes, bytes | None]]) -> tuple[bytes, Digest, int]:
    """Write each content, from its deflate stream where there is one."""
    sink = io.BytesIO()
    encoder = SplicingEncoder(sink)
    for content, stream in parts:
        if stream is None:
            encoder.write(content)
        else:
            encoder.write_deflated(io.BytesIO(stream), len(stream), zlib.crc32(content), len(content))
    diff_id, size = encoder.finish()
    return sink.getvalue(), diff_id, size


def check(parts: list[tuple[bytes, bytes | None]]) -> bytes:
    blob, diff_id, size = spliced(parts)
    whole = b"".join(content for content, _ in parts)
    assert gzip.GzipFile(fileobj=io.BytesIO(blob)).read() == whole
    assert subprocess.run(["gzip", "-dc"], input=blob, capture_output=True, check=True).stdout == whole
    assert (diff_id, size) == (Digest.of(whole), len(whole))
    return blob


@pytest.mark.parametrize("strategy", [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY])
def test_small_files_are_spliced_between_headers(strategy: int) -> None:
    parts: list[tuple[bytes, bytes | None]] = []
    for _ in range(200):
        content = text(RANDOM.randrange(2000))
        parts += [
            (bytes(RANDOM.randrange(700)) + b"header", None),
            (content, deflated(content, strategy=strategy)),
        ]

    blob = check(parts)

    assert blob.count(GZIP_HEADER) == 1


@pytest.mark.parametrize("level", [0, 1, 9])
def test_every_level_of_compression_is_taken(level: int) -> None:
    check(
        [
            (data, deflated(data, level))
            for data in (b"", b"x", text(500), text(90_000), RANDOM.randbytes(70_000))
        ]
    )


def test_a_file_of_many_blocks_keeps_its_bytes() -> None:
    content = text(20_000)
    stream = in_blocks(content)

    assert stream in check([(b"before", None), (content, stream), (b"after", None)])


@pytest.mark.parametrize("content", [text(900_000), bytes(3_000_000), RANDOM.randbytes(600_000)], ids=len)
def test_what_is_too_large_for_memory_is_streamed(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splice, "_LARGEST_IN_MEMORY", 1 << 12)
    stream = in_blocks(content)

    assert stream in check([(b"header", None), (content, stream), (b"end", None)])


def test_long_literals_are_compressed() -> None:
    content = text(3_500_000)

    assert len(check([(content, None), (b"rest", deflated(b"rest"))])) < len(content) / 2


def test_the_blob_does_not_show_how_the_writes_were_cut() -> None:
    content, tail = text(2_200_000), deflated(b"tail")
    whole = spliced([(content, None), (b"tail", tail)])
    cut = [(content[at : at + 4099], None) for at in range(0, len(content), 4099)]

    assert spliced([*cut, (b"tail", tail)]) == whole


def test_nothing_at_all_is_a_valid_blob() -> None:
    check([])


@pytest.mark.parametrize("largest", [1 << 10, 1 << 25], ids=["streamed", "in memory"])
@pytest.mark.parametrize("damage", ["checksum", "size", "cut short", "flipped", "trailing bytes"])
def test_a_damaged_stream_is_refused(largest: int, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splice, "_LARGEST_IN_MEMORY", largest)
    content = text(5_000)
    stream, crc, size = in_blocks(content), zlib.crc32(content), len(content)
    if damage == "flipped":
        stream = stream[:600] + bytes((stream[600] ^ 0xFF,)) + stream[601:]
    stream = {"cut short": stream[:-40], "trailing bytes": stream + b"more"}.get(damage, stream)
    crc, size = crc ^ (damage == "checksum"), size + (damage == "size")

    with pytest.raises(DeflateDamaged):
        SplicingEncoder(io.BytesIO()).write_deflated(io.BytesIO(stream), len(stream), crc, size)


def test_a_stream_that_is_said_to_be_empty_must_be() -> None:
    stream = deflated(b"smuggled")

    with pytest.raises(DeflateDamaged):
        SplicingEncoder(io.BytesIO()).write_deflated(io.BytesIO(stream), len(stream), 0, 0)


def test_a_reader_that_ends_early_is_refused() -> None:
    with pytest.raises(DeflateDamaged):
        SplicingEncoder(io.BytesIO()).write_deflated(io.BytesIO(b"\x03"), 2, 0, 0)


def test_runs_of_zeros_of_every_length_come_back() -> None:
    for length in range(1200):
        literals = b"a\xff" + bytes(length) + b"\x90z"
        inflater = zlib.decompressobj(-15)
        assert inflater.decompress(fixed_huffman(literals) + b"\x03\0") == literals
        assert inflater.eof
