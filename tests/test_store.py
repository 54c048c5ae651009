from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from seldon_builder.digest import Digest
from seldon_builder.errors.store import BlobCorrupt, StoreFull, StoreUnusable
from seldon_builder.layer import LayerKind
from seldon_builder.layers.encoder import PlainEncoder
from seldon_builder.store import BlobWriter, Store

KEY = Digest.of(b"key")
# A build of its own: layers 0..N of a few MiB each, all of them known by what went in.
BUILD = """
import sys
from pathlib import Path
from seldon_builder.digest import Digest
from seldon_builder.layers.encoder import PlainEncoder
from seldon_builder.layer import LayerKind
from seldon_builder.store import Store

store = Store(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    def pack(writer):
        encoder = PlainEncoder(writer)
        for part in range(40):
            encoder.write(bytes([number, part]) * 50_000)
        return encoder.finish()
    print(store.layer(Digest.of(b"%d" % number), LayerKind.APP, "test", pack).digest, flush=True)
"""


def start_build(root: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BUILD, str(root), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def left_over(root: Path) -> list[str]:
    return [path.name for path in (root / "tmp").iterdir() if not path.name.startswith("session-")]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount one")
    place = tmp_path / "tiny"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tiny", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_what_was_added_comes_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    digest = store.add(b"content")

    with store.blob(digest).open() as blob:
        assert blob.read() == b"content"
    assert (store.has(digest), store.has(digest, 7), store.has(digest, 8)) == (True, True, False)


def test_parallel_builds_of_the_same_layers_all_succeed(tmp_path: Path) -> None:
    builds = [start_build(tmp_path, 6) for _ in range(4)]
    answers = {build.communicate(timeout=60)[0] for build in builds}

    assert [build.returncode for build in builds] == [0] * 4
    assert len(answers) == 1
    assert len(list((tmp_path / "blobs").iterdir())) == 6
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("after", [1, 2, 4])
def test_a_killed_build_leaves_nothing_that_is_trusted(tmp_path: Path, after: int) -> None:
    killed = start_build(tmp_path, 40)
    assert killed.stdout is not None
    for _ in range(after):
        killed.stdout.readline()
    time.sleep(0.003 * after)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)

    digests = start_build(tmp_path, 40).communicate(timeout=60)[0].split()

    store = Store(tmp_path)
    for digest in digests:
        with store.blob(Digest.parse(digest)).open() as blob:
            while blob.read(1 << 20):
                pass
    assert len(list((tmp_path / "blobs").iterdir())) == len(digests) == 40


def test_a_flipped_byte_is_found_and_the_blob_discarded(tmp_path: Path) -> None:
    store = Store(tmp_path)
    digest = store.add(bytes(100_000))
    path = store.blob(digest).path
    data = bytearray(path.read_bytes())
    data[77_777] ^= 1
    path.write_bytes(data)

    with pytest.raises(BlobCorrupt, match=digest.hex), store.blob(digest).open() as blob:
        blob.read()
    assert not store.has(digest)


def test_a_layer_whose_blob_is_gone_or_cut_is_made_again(tmp_path: Path) -> None:
    store, packed = Store(tmp_path), []

    def pack(writer: BlobWriter) -> tuple[Digest, int]:
        packed.append(1)
        encoder = PlainEncoder(writer)
        encoder.write(b"tar")
        return encoder.finish()

    first = store.layer(KEY, LayerKind.APP, "x", pack)
    path = store.blob(first.digest).path
    path.write_bytes(path.read_bytes()[:-1])
    second = store.layer(KEY, LayerKind.APP, "x", pack)
    path.unlink()
    third = store.layer(KEY, LayerKind.APP, "x", pack)

    assert first == second == third
    assert len(packed) == 3


@pytest.mark.parametrize(
    "text", ["", "{}", '{"digest": ', '{"digest": 5, "size": 1}', "[]", '"x"', "[" * 60_000, "\udcff"]
)
def test_a_record_that_nobody_kept_counts_as_none(tmp_path: Path, text: str) -> None:
    store = Store(tmp_path)
    store.keep("layers", KEY, {"digest": "x"})
    path = tmp_path / "records" / "layers" / f"{KEY.hex}.json"
    path.write_bytes(text.encode(errors="surrogateescape"))

    assert store.record("layers", KEY) is None
    assert not path.exists()


def test_a_blob_has_its_name_only_once_the_disk_has_its_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, seen = Store(tmp_path), []

    def fsync(handle: int) -> None:
        seen.append((os.fstat(handle).st_size, list((tmp_path / "blobs").iterdir())))

    monkeypatch.setattr(os, "fsync", fsync)
    store.add(b"content")

    assert seen == [(7, [])]


def test_a_record_with_another_value_counts_as_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep("layers", KEY, {"diff_id": "1111"})
    path = tmp_path / "records" / "layers" / f"{KEY.hex}.json"
    path.write_bytes(path.read_bytes().replace(b"1111", b"2222"))

    assert store.record("layers", KEY) is None


def test_a_record_in_the_place_of_another_counts_as_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep("layers", KEY, {"digest": "x"})
    (tmp_path / "records" / "layers").rename(tmp_path / "records" / "bases")

    assert store.record("bases", KEY) is None


def test_a_folder_in_the_place_of_a_record_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "records" / "layers" / f"{KEY.hex}.json").mkdir(parents=True)

    with pytest.raises(StoreUnusable, match=KEY.hex):
        store.record("layers", KEY)


def test_a_packing_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def pack(writer: BlobWriter) -> tuple[Digest, int]:
        writer.write(b"half")
        raise KeyboardInterrupt

    store = Store(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        store.layer(KEY, LayerKind.APP, "x", pack)
    assert not list((tmp_path / "blobs").iterdir())
    assert left_over(tmp_path) == []


def test_a_full_disk_is_an_error_of_its_own_with_nothing_half_written(tiny_disk: Path) -> None:
    store = Store(tiny_disk)

    def pack(writer: BlobWriter) -> tuple[Digest, int]:
        encoder = PlainEncoder(writer)
        for _ in range(8):
            encoder.write(os.urandom(1 << 19))
        return encoder.finish()

    with pytest.raises(StoreFull):
        store.layer(KEY, LayerKind.APP, "x", pack)
    assert not list((tiny_disk / "blobs").iterdir())
    assert left_over(tiny_disk) == []
    assert store.record("layers", KEY) is None


def test_records_and_scratch_files_notice_a_full_disk(tiny_disk: Path) -> None:
    store = Store(tiny_disk)

    with pytest.raises(StoreFull):
        store.keep("layers", KEY, {"text": "x" * (2 << 20)})
    with pytest.raises(StoreFull), store.scratch() as file:
        os.write(file.fileno(), bytes(1 << 20)) and os.write(file.fileno(), b"more")
    assert left_over(tiny_disk) == []
    assert store.record("layers", KEY) is None


def test_a_place_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StoreUnusable, match=str(tmp_path / "file")):
        Store(tmp_path / "file")
