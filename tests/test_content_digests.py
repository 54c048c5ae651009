"""Big files are read once; whatever changed is noticed."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from seldon_builder.digest import Digest
from seldon_builder.errors.source import FileChanged
from seldon_builder.events import silent
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.layers.content_digests import REMEMBERED, Unchanged, content_digests
from seldon_builder.source import Source
from seldon_builder.store import Store

BIG = b"w" * REMEMBERED


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def source(tmp_path: Path) -> Source:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "big.bin").write_bytes(BIG)
    (folder / "small.py").write_bytes(b"x = 1\n")
    return read_source(folder, silent)


def digested(source: Source, store: Store) -> dict[PurePosixPath, Unchanged]:
    return content_digests(source, source.files, store, silent)


def remembered(source: Source, store: Store) -> dict[str, list[object]]:
    return dict(store.record("contents", Digest.of(os.fsencode(source.root))) or {})


def test_digests_are_those_of_the_contents(source: Source, store: Store) -> None:
    found = digested(source, store)

    assert found[PurePosixPath("big.bin")].digest == Digest.of(BIG)
    assert found[PurePosixPath("small.py")].digest == Digest.of(b"x = 1\n")


def test_a_big_file_is_not_read_again(source: Source, store: Store) -> None:
    digested(source, store)
    record = remembered(source, store)
    record["big.bin"][0] = str(Digest.of(b"from the record"))
    store.keep("contents", Digest.of(os.fsencode(source.root)), record)

    assert list(record) == ["big.bin"]
    assert digested(source, store)[PurePosixPath("big.bin")].digest == Digest.of(b"from the record")


def test_a_file_of_the_same_size_and_time_is_read_again(source: Source, store: Store) -> None:
    digested(source, store)
    path = source.root / "big.bin"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(b"v" * len(BIG))
    os.utime(path, ns=times)

    assert digested(source, store)[PurePosixPath("big.bin")].digest == Digest.of(b"v" * len(BIG))


def test_what_left_the_folder_leaves_the_record(source: Source, store: Store) -> None:
    digested(source, store)
    (source.root / "big.bin").unlink()
    digested(read_source(source.root, silent), store)

    assert remembered(source, store) == {}


@pytest.mark.parametrize("change", [lambda path: path.write_bytes(b"longer than it was"), Path.unlink])
def test_a_file_that_changes_after_the_walk_is_noticed(source: Source, store: Store, change: object) -> None:
    change(source.root / "small.py")  # type: ignore[operator]  # both take a path

    with pytest.raises(FileChanged, match=r"small\.py changed"):
        digested(source, store)


def test_a_file_that_changes_before_it_is_packed_is_noticed(source: Source, store: Store) -> None:
    content = digested(source, store)[PurePosixPath("small.py")]
    (source.root / "small.py").write_bytes(b"y = 2\n")

    with pytest.raises(FileChanged):
        content.open()


def test_a_file_that_changes_while_it_is_packed_is_noticed(source: Source, store: Store) -> None:
    content = digested(source, store)[PurePosixPath("big.bin")]

    with content.open() as stream:
        stream.read(10)
        with (source.root / "big.bin").open("r+b") as file:
            file.seek(len(BIG) - 1)
            file.write(b"!")
        with pytest.raises(FileChanged):
            stream.read()
