from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from seldon_builder.base.rootfs import unpack
from seldon_builder.digest import Digest
from seldon_builder.events import silent
from seldon_builder.layer import Layer, LayerKind
from seldon_builder.store import BlobWriter, Store
from seldon_builder.store_upkeep import prune, usage, verify

from . import bases

DAY = 86400.0
RUNNING = "import sys, pathlib; from seldon_builder.store import Store; s = Store(pathlib.Path(sys.argv[1]));"


@contextmanager
def running_build(root: Path, act: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """A process that has the store open, after it did ``act``."""
    command = [sys.executable, "-c", f"{RUNNING}{act}; print(1, flush=True); input()", str(root)]
    build = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert build.stdout is not None
    build.stdout.readline()
    try:
        yield build
    finally:
        build.kill()
        build.communicate()


def layer(store: Store, name: str) -> Layer:
    def pack(writer: BlobWriter) -> tuple[Digest, int]:
        writer.write(name.encode() * 1000)
        return Digest.of(b"tar"), 3

    return store.layer(Digest.of(name.encode()), LayerKind.APP, name, pack)


def age(root: Path, seconds: float) -> None:
    moment = time.time() - seconds
    for path in root.rglob("*"):
        os.utime(path, (moment, moment))


def test_usage_counts_what_is_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    layer(store, "a")
    (tmp_path / "rootfs" / "base" / "usr").mkdir(parents=True)
    (tmp_path / "rootfs" / "base" / "usr" / "file").write_bytes(bytes(10_000))

    found = {kind: (count, size) for kind, count, size in usage(store)}

    assert [found[kind][0] for kind in ("blobs", "records", "rootfs")] == [1, 1, 1]
    assert found["rootfs"][1] >= 10_000


def test_verify_discards_damaged_blobs_and_what_led_to_them(tmp_path: Path) -> None:
    store = Store(tmp_path)
    whole, damaged, gone = layer(store, "whole"), layer(store, "damaged"), layer(store, "gone")
    path = store.blob(damaged.digest).path
    path.write_bytes(b"X" + path.read_bytes()[1:])
    store.blob(gone.digest).path.unlink()

    assert verify(store) == [damaged.digest]
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == [whole.digest.hex]
    assert len(list((tmp_path / "records").glob("*/*"))) == 1
    assert verify(store) == []


def test_verify_discards_records_of_every_kind_that_nobody_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for kind in ("layers", "locks", "needed-by", "sboms"):
        store.keep(kind, Digest.of(b"whole"), {"kind": kind})
        store.keep(kind, Digest.of(b"damaged"), {"kind": kind})
        (tmp_path / "records" / kind / f"{Digest.of(b'damaged').hex}.json").write_text("[" * 60_000)
    (tmp_path / "records" / "sboms" / "folder.json" / "in").mkdir(parents=True)
    os.mkfifo(tmp_path / "records" / "sboms" / "pipe.json")

    assert verify(store) == []
    left = {(path.parent.name, path.stem) for path in (tmp_path / "records").glob("*/*")}
    assert left == {(kind, Digest.of(b"whole").hex) for kind in ("locks", "needed-by", "sboms")}


def test_verify_discards_what_is_no_file(tmp_path: Path) -> None:
    store = Store(tmp_path)
    digests = [Digest.of(b"folder"), Digest.of(b"pipe")]
    (tmp_path / "blobs" / digests[0].hex / "in").mkdir(parents=True)
    os.mkfifo(tmp_path / "blobs" / digests[1].hex)

    assert verify(store) == sorted(digests)
    assert list((tmp_path / "blobs").iterdir()) == []


def test_verify_does_not_count_as_use(tmp_path: Path) -> None:
    store = Store(tmp_path)
    layer(store, "old")
    age(tmp_path, 40 * DAY)
    verify(store)

    assert prune(store, 30 * DAY, time.time()) > 0


def test_prune_removes_what_was_not_used_lately(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old, used = layer(store, "old"), layer(store, "used")
    (tmp_path / "rootfs" / "base").mkdir(parents=True)
    age(tmp_path, 40 * DAY)
    assert layer(store, "used").reused

    freed = prune(store, 30 * DAY, time.time())

    assert freed >= old.size
    assert (store.has(old.digest), store.has(used.digest)) == (False, True)
    assert not (tmp_path / "rootfs" / "base").exists()
    assert store.record("layers", Digest.of(b"old")) is None


def test_prune_removes_half_trees_and_the_seals_of_trees_that_are_gone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "rootfs" / ".killed.partial").mkdir(parents=True)
    (tmp_path / "rootfs" / "kept").mkdir()
    for name in (".kept.seal", ".gone.seal", ".kept.lock"):
        (tmp_path / "rootfs" / name).touch()

    prune(store, DAY, time.time() + 3600)

    assert {path.name for path in (tmp_path / "rootfs").iterdir()} == {"kept", ".kept.seal", ".kept.lock"}


def test_prune_leaves_alone_what_a_running_build_has_used(tmp_path: Path) -> None:
    store = Store(tmp_path)
    used, unused = layer(store, "used"), layer(store, "unused")
    (tmp_path / "rootfs" / "base").mkdir(parents=True)
    age(tmp_path, DAY)
    act = f"from seldon_builder.digest import Digest; s.has(Digest({used.digest.hex!r}))"

    with running_build(tmp_path, act):
        prune(store, 0, time.time() + 5)
        assert store.has(used.digest)
        assert not store.has(unused.digest)
        assert (tmp_path / "rootfs" / "base").exists()
    prune(store, 0, time.time() + 5)
    assert not store.has(used.digest)
    assert not (tmp_path / "rootfs" / "base").exists()


def test_prune_removes_what_a_killed_build_left_and_no_living_ones(tmp_path: Path) -> None:
    store = Store(tmp_path)
    act = "c = s.writer(); w = c.__enter__(); w.write(b'half' * 100000)"
    with running_build(tmp_path, act) as build:
        left = set((tmp_path / "tmp").iterdir()) - {store.session}
        age(tmp_path, DAY)
        prune(store, DAY * 30, time.time())
        assert set((tmp_path / "tmp").iterdir()) - {store.session} == left
        assert len(left) == 2
        build.kill()
        build.wait()
        prune(store, DAY * 30, time.time())
    assert list((tmp_path / "tmp").iterdir()) == [store.session]


def test_the_caches_of_the_engines_are_counted_and_go_when_unused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    files = [tmp_path / name for name in ("uv/simple/page", "pip-tools/cache/page", "pip-tools/run-1/left")]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_bytes(bytes(10_000))
    found = {kind: (count, size) for kind, count, size in usage(store)}
    assert [found[kind][0] for kind in ("uv", "pip-tools")] == [1, 1]
    assert min(found[kind][1] for kind in ("uv", "pip-tools", "temporary")) >= 10_000

    age(tmp_path, 40 * DAY)
    os.utime(files[0])
    assert prune(store, 30 * DAY, time.time()) >= 20_000
    assert [file.exists() for file in files] == [True, False, False]
    os.utime(files[0], (0, 0))
    prune(store, 30 * DAY, time.time())
    assert not (tmp_path / "uv").exists()


def test_an_unpacked_base_that_was_used_stays(tmp_path: Path) -> None:
    store = Store(tmp_path)
    image = bases.image(store, [bases.member("file", b"content")])
    root = unpack(image, store, silent)
    age(tmp_path, 40 * DAY)
    assert unpack(image, store, silent) == root

    prune(store, 30 * DAY, time.time())

    assert (root / "file").read_bytes() == b"content"


def test_no_build_begins_while_prune_removes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    command = [sys.executable, "-c", f"{RUNNING}print(1)", str(tmp_path)]
    with store.gate(fcntl.LOCK_EX):
        build = subprocess.Popen(command, stdout=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            build.wait(1)

    assert build.communicate(timeout=30)[0] == b"1\n"


def test_two_prunes_wait_for_each_other(tmp_path: Path) -> None:
    store = Store(tmp_path)
    act = "from seldon_builder.store_upkeep import prune; prune(s, 0, 0); print(2)"
    command = [sys.executable, "-c", f"{RUNNING}print(1, flush=True); {act}", str(tmp_path)]
    other = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert other.stdout
    prune(store, 0, 0)

    assert other.communicate(timeout=30)[0] == b"1\n2\n"


def test_a_store_that_is_let_go_leaves_no_session(tmp_path: Path) -> None:
    store = Store(tmp_path)
    session = store.session
    assert session.exists()
    del store

    assert not session.exists()


def test_wheels_that_no_build_uses_any_more_are_removed(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    for name in ("old", "new"):
        (store.root / "built" / name).mkdir(parents=True)
        (store.root / "built" / name / "x-1-py3-none-any.whl").write_bytes(bytes(1000))
    (store.root / "building" / "run-killed").mkdir(parents=True)
    age(store.root, 40 * DAY)
    os.utime(store.root / "built" / "new")

    prune(store, 30 * DAY, time.time())

    assert [path.name for path in (store.root / "built").iterdir()] == ["new"]
    assert list((store.root / "building").iterdir()) == []
