from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from seldon_builder.digest import Digest
from seldon_builder.entry import Entry, OnDisk, file, folder, link
from seldon_builder.errors.layers import ContentChanged
from seldon_builder.layer import LayerKind
from seldon_builder.layers.packing import cache_key, layer_from_entries
from seldon_builder.store import Store

from tests.layer_reading import contents, members

KEY = Digest.of(b"key")


def packed(store: Store, *entries: Entry, key: Digest = KEY) -> dict[str, object]:
    layer = layer_from_entries(store, key, LayerKind.APP, "test", entries)
    return {name: (member.mode, member.uid, member.gid) for name, member in members(layer).items()}


def test_missing_folders_are_added_with_the_owner_of_their_place(tmp_path: Path) -> None:
    found = packed(Store(tmp_path), file("/workspace/a/b.py", b""), file("/cnb/process/web", b"#!"))

    assert found == {
        "/cnb": (0o755, 0, 0),
        "/cnb/process": (0o755, 0, 0),
        "/cnb/process/web": (0o644, 8888, 0),
        "/workspace": (0o755, 8888, 0),
        "/workspace/a": (0o755, 8888, 0),
        "/workspace/a/b.py": (0o644, 8888, 0),
    }


def test_a_given_folder_keeps_its_mode(tmp_path: Path) -> None:
    found = packed(Store(tmp_path), file("/workspace/data/x", b""), folder("/workspace/data", 0o775))

    assert found["/workspace/data"] == (0o775, 8888, 0)


def test_entries_are_in_the_order_of_a_walk(tmp_path: Path) -> None:
    paths = [
        "/workspace/a-b",
        "/workspace/a.py",
        "/workspace/a/z",
        "/workspace/B",
        "/workspace/é",
        "/workspace/a/b/c",
    ]

    found = list(packed(Store(tmp_path), *(file(path, b"") for path in paths)))

    walked = ["/workspace/B", "/workspace/a", "/workspace/a/b", "/workspace/a/b/c", "/workspace/a/z"]
    assert found == ["/workspace", *walked, "/workspace/a-b", "/workspace/a.py", "/workspace/é"]


def test_the_order_of_the_entries_given_does_not_matter(tmp_path: Path) -> None:
    entries = [file("/workspace/x", b"1"), link("/workspace/y", "x"), folder("/workspace/z")]
    stores = Store(tmp_path / "a"), Store(tmp_path / "b")

    there = layer_from_entries(stores[0], KEY, LayerKind.APP, "test", entries)
    back = layer_from_entries(stores[1], KEY, LayerKind.APP, "test", reversed(entries))

    assert there == back


@pytest.mark.parametrize("size", [3, 5])
def test_a_file_that_changed_is_named(tmp_path: Path, size: int) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"four")
    store = Store(tmp_path / "store")

    with pytest.raises(ContentChanged, match=f"/workspace/weights .* {size} bytes expected"):
        packed(store, Entry("/workspace/weights", 0o644, size, OnDisk(path)))
    assert not list((store.root / "blobs").iterdir())


def test_a_known_layer_reads_no_entry(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = layer_from_entries(store, KEY, LayerKind.APP, "test", [file("/workspace/x", b"1")])

    gone = Entry("/workspace/x", 0o644, 1, OnDisk(tmp_path / "gone"))
    again = layer_from_entries(store, KEY, LayerKind.APP, "test", [gone])

    assert again == first
    assert (first.reused, again.reused) == (False, True)


def test_large_content_arrives_whole(tmp_path: Path) -> None:
    data = os.urandom(3 << 20) + bytes(1 << 20) + b"end"
    layer = layer_from_entries(Store(tmp_path), KEY, LayerKind.WEIGHTS, "test", [file("/workspace/w", data)])

    assert contents(layer) == {"/workspace/w": data}
    assert layer.unpacked_size == 1024 + len(data) + -len(data) % 512 + 1024
    assert layer.size == len(io.BytesIO(layer.open().read()).getvalue())


def test_the_parts_of_a_key_do_not_run_together() -> None:
    assert len({cache_key("ab", "c"), cache_key("a", "bc"), cache_key("abc"), cache_key("abc", "")}) == 4
