"""Unpacking images, friendly ones and others."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest
from seldon_builder.base.rootfs import chain_of, place_of, resolve, unpack
from seldon_builder.base.seal import doubt
from seldon_builder.errors import SeldonError
from seldon_builder.errors.base import LayerUnreadable
from seldon_builder.errors.store import BlobCorrupt
from seldon_builder.events import Event, silent
from seldon_builder.image import Image
from seldon_builder.store import Store

from .bases import folder, image, layer, link, member, stored, tar


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()} - {
        "etc/resolv.conf",
        "etc/hosts",
    }


def test_an_upper_layer_covers_a_lower_one(store: Store) -> None:
    root = unpack(
        image(store, [member("a", b"old"), member("b", b"b")], [member("a", b"new")]), store, silent
    )

    assert (root / "a").read_bytes() == b"new"
    assert files(root) == {"a", "b"}


@pytest.mark.parametrize("packed", ["gzip", "members", "plain"])
def test_layers_are_read_however_they_are_packed(store: Store, packed: str) -> None:
    made = layer(store, [member("a", os.urandom(5000)), member("b", b"b")], packed)

    assert files(unpack(Image("amd64", (made,)), store, silent)) == {"a", "b"}


def test_a_whiteout_hides_what_lies_below_and_not_what_its_own_layer_brings(store: Store) -> None:
    below = [folder("d"), member("d/gone", b"1"), member("d/kept", b"1"), folder("t"), member("t/x", b"1")]
    above = [member("d/.wh.gone"), member("d/new", b"2"), member("d/.wh.new"), member(".wh.t")]

    root = unpack(image(store, below, above), store, silent)

    assert files(root) == {"d/kept", "d/new"}
    assert not (root / "t").exists()


def test_an_opaque_folder_hides_all_below_wherever_its_mark_stands(store: Store) -> None:
    below = [folder("d"), member("d/one", b"1"), folder("d/sub"), member("d/sub/two", b"1")]
    above = [folder("d"), folder("d/sub"), member("d/sub/new", b"2"), member("d/.wh..wh..opq")]

    assert files(unpack(image(store, below, above), store, silent)) == {"d/sub/new"}


@pytest.mark.parametrize(
    "attack",
    [
        [member("../../escape", b"x")],
        [member("/escape", b"x")],
        [link("out", "/"), member("out/escape", b"x")],
        [link("out", "../../.."), member("out/escape", b"x")],
        [link("a", "b"), link("b", "../../../.."), member("a/escape", b"x")],
        [member("d/../../../escape", b"x")],
    ],
    ids=["parents", "absolute", "link to root", "link to parents", "chain of links", "parents inside"],
)
def test_nothing_is_written_outside(
    store: Store, tmp_path: Path, attack: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    root = unpack(image(store, attack), store, silent)

    assert [path for path in tmp_path.rglob("escape") if root not in path.parents] == []
    assert not Path("/escape").exists()
    assert files(root) == {"escape"}


def test_whiteouts_hide_nothing_outside(store: Store, tmp_path: Path) -> None:
    (tmp_path / "store" / "rootfs").mkdir()
    (tmp_path / "mine").write_text("mine")

    names = ["../../../.wh.mine", ".wh...", ".wh..", ".wh.", "out/.wh.mine", "out/.wh..wh..opq"]
    unpack(image(store, [link("out", str(tmp_path))], [member(name) for name in names]), store, silent)

    assert (tmp_path / "mine").read_text() == "mine"


def test_a_hard_link_out_of_the_image_finds_nothing(store: Store, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    bad = member("stolen", type=tarfile.LNKTYPE, linkname=f"../../../{(tmp_path / 'mine').relative_to('/')}")

    with pytest.raises(LayerUnreadable, match="linked to but is not there"):
        unpack(image(store, [bad]), store, silent)


def test_a_file_that_replaces_a_link_does_not_follow_it(store: Store, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")

    root = unpack(image(store, [link("a", str(tmp_path / "mine"))], [member("a", b"new")]), store, silent)

    assert (tmp_path / "mine").read_text() == "mine"
    assert (root / "a").read_bytes() == b"new"


def test_links_modes_and_times_are_kept_and_setuid_is_not(store: Store) -> None:
    one = member("bin/one", b"1", mode=0o4755, mtime=1000)
    two = member("bin/two", type=tarfile.LNKTYPE, linkname="bin/one")
    root = unpack(image(store, [one, two, link("three", "/bin/one"), folder("sealed")]), store, silent)

    assert (root / "bin/one").stat().st_mode & 0o7777 == 0o755
    assert (root / "bin/one").stat().st_mtime == 1000
    assert (root / "bin/one").samefile(root / "bin/two")
    assert (root / "three").readlink() == Path("/bin/one")


def test_devices_are_left_out_and_unreadable_folders_can_be_removed_again(store: Store) -> None:
    device = member("dev/sda", type=tarfile.BLKTYPE, devmajor=8)
    sealed = member("sealed", type=tarfile.DIRTYPE, mode=0)
    root = unpack(
        image(store, [device, sealed, member("sealed/a", b"a")], [member(".wh.sealed")]), store, silent
    )

    assert not (root / "dev/sda").exists()
    assert not (root / "sealed").exists()


def test_mount_points_are_never_links(store: Store) -> None:
    links = [
        link("mnt", "/tmp"),
        folder("etc"),
        link("etc/resolv.conf", "/run/resolv.conf"),
        link("proc", "/"),
    ]

    root = unpack(image(store, links), store, silent)

    assert not any((root / name).is_symlink() for name in ("mnt", "mnt/seldon", "proc", "etc/resolv.conf"))


def test_a_second_call_unpacks_nothing(store: Store) -> None:
    made = image(store, [member("a", b"a")])
    first = unpack(made, store, silent)
    (first / "marker").touch()

    assert unpack(made, Store(store.root), silent) == first
    assert (first / "marker").exists()


def test_what_a_killed_process_left_is_not_believed(store: Store) -> None:
    made = image(store, [member("a", b"a")])
    partial = store.root / "rootfs" / f".{chain_of(made).hex}.partial"
    partial.mkdir(parents=True)
    (partial / "half").touch()

    assert files(unpack(made, store, silent)) == {"a"}


def test_a_tree_that_lost_a_file_is_unpacked_once_more(store: Store) -> None:
    made = image(store, [member("a", b"a"), member("b/c", b"c")])
    (unpack(made, store, silent) / "b" / "c").unlink()
    events: list[Event] = []

    assert files(unpack(made, store, events.append)) == {"a", "b/c"}
    assert any("once more" in event.message for event in events)


def test_a_tree_with_a_file_cut_short_is_unpacked_once_more(store: Store) -> None:
    made = image(store, [member("a", b"long")])
    (unpack(made, store, silent) / "a").write_bytes(b"")

    assert (unpack(made, store, silent) / "a").read_bytes() == b"long"


def test_a_tree_in_doubt_is_unpacked_once_more(store: Store) -> None:
    made = image(store, [member("a", b"good")])
    root = unpack(made, store, silent)
    (root / "a").write_bytes(b"evil")
    doubt(root)

    assert (unpack(made, store, silent) / "a").read_bytes() == b"good"


def test_a_failed_unpacking_leaves_nothing(store: Store) -> None:
    with pytest.raises(LayerUnreadable):
        unpack(image(store, [member("a", b"a"), member("a/b", b"b")]), store, silent)

    assert [path.suffix for path in (store.root / "rootfs").iterdir()] == [".lock"]


def test_parallel_builds_unpack_once(store: Store) -> None:
    made = image(store, [member(f"f{number}", bytes(1000)) for number in range(200)])
    events: list[Event] = []
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(unpack(made, store, events.append))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(found)) == 1
    assert len(files(found[0])) == 200


def test_a_process_that_is_killed_leaves_nothing_that_is_believed(store: Store, repository: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from seldon_builder.base import rootfs, rootfs_layer\n"
        "from tests.bases import Store, image, member, silent\n"
        "rootfs_layer._write_file = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "store = Store(Path(sys.argv[1]))\n"
        "rootfs.unpack(image(store, [member('a', b'a')]), store, silent)\n"
    )
    command = [sys.executable, "-c", script, str(store.root)]
    killed = subprocess.run(command, cwd=repository, check=False)

    assert killed.returncode == -9
    assert files(unpack(image(store, [member("a", b"a")]), store, silent)) == {"a"}


def test_a_damaged_blob_is_told_and_discarded(store: Store) -> None:
    made = layer(store, [member("a", os.urandom(100_000))])
    path = store.root / "blobs" / made.digest.hex
    data = bytearray(path.read_bytes())
    data[50_000] ^= 1
    path.write_bytes(data)

    with pytest.raises(BlobCorrupt):
        unpack(Image("amd64", (made,)), store, silent)
    assert not store.has(made.digest)
    assert not (store.root / "rootfs" / chain_of(Image("amd64", (made,))).hex).exists()


def test_a_layer_with_other_files_than_promised_is_refused(store: Store) -> None:
    made = stored(store, tar([member("a", b"a")]), hashlib.sha256(b"other").hexdigest())

    with pytest.raises(LayerUnreadable, match="not those that the image's configuration names"):
        unpack(Image("amd64", (made,)), store, silent)


@pytest.mark.parametrize(
    "data", [b"no tar at all" * 100, b"\x1f\x8b\x08\x00garbage", b"\x28\xb5\x2f\xfdzstd"]
)
def test_what_is_no_layer_is_an_error_of_ours(store: Store, data: bytes) -> None:
    with pytest.raises(SeldonError):
        unpack(Image("amd64", (stored(store, data, "0" * 64),)), store, silent)


@pytest.mark.parametrize("moment", ["1e300", "nan", "-1e30", "-inf", "99999999999"])
def test_a_moment_that_no_disk_can_hold_is_the_beginning_of_time(store: Store, moment: str) -> None:
    info, content = member("folder/a", b"a")
    info.pax_headers = {"mtime": moment}
    inside, _ = folder("folder")
    inside.pax_headers = {"mtime": moment}

    root = unpack(image(store, [(inside, b""), (info, content)]), store, silent)

    assert [(root / name).stat().st_mtime for name in ("folder", "folder/a")] == [0, 0]


@pytest.mark.parametrize("name", ["a\0b", "a/" * 1900 + "b", "a" * 300])
def test_a_name_that_no_disk_can_hold_is_an_error_of_ours(store: Store, name: str) -> None:
    info, content = member("short", b"a")
    info.pax_headers = {"path": name}
    with pytest.raises(LayerUnreadable):
        unpack(image(store, [(info, content)]), store, silent)


def test_headers_of_headers_without_end_are_an_error_of_ours(store: Store) -> None:
    long_name = tarfile.TarInfo("././@LongLink")
    long_name.type, long_name.size = tarfile.GNUTYPE_LONGNAME, 2
    data = (long_name.tobuf() + b"a\0" + bytes(510)) * 2000
    with pytest.raises(LayerUnreadable):
        unpack(Image("amd64", (stored(store, data, "0" * 64),)), store, silent)


def test_a_link_to_a_deep_folder_makes_none_that_is_deeper(store: Store) -> None:
    deep = "a/" * 200 + "b"
    with pytest.raises(LayerUnreadable, match="nested more than"):
        unpack(image(store, [folder(deep), link("l", deep), member(f"l/{deep}")]), store, silent)


def test_a_file_where_a_folder_must_be_is_an_error_of_ours(store: Store) -> None:
    with pytest.raises(LayerUnreadable):
        unpack(image(store, [member("a", b"a"), member("a/b", b"b")]), store, silent)


def test_links_are_followed_as_a_process_inside_would(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/python3.13").touch()
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "usr/bin/python3").symlink_to("/bin/python3.13")
    (tmp_path / "loop").symlink_to("loop")

    assert resolve(tmp_path, "/bin/python3") == tmp_path / "usr/bin/python3.13"
    assert place_of(tmp_path, "../../etc/passwd") == tmp_path / "etc/passwd"
    assert resolve(tmp_path, "/loop/a") is None
