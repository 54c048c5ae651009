"""A conda package becomes the files of one prefix, and nothing of it is trusted."""

from __future__ import annotations

import bz2
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd
from seldon_builder.errors.conda import CondaPackageMalformed
from seldon_builder.lock import Artifact
from seldon_builder.prefix import DEPENDENCIES
from seldon_builder.store import Store
from seldon_plugins.conda import archive
from seldon_plugins.conda.archive import open_package
from seldon_plugins.conda.linking import package_entries

from .bases import folder, link, member, tar
from .conda_linked import Files, kept, linked, made
from .conda_packages import PLACEHOLDER, CondaFile, CondaPackage, write

SITE = "lib/python3.12/site-packages"
ENDINGS = pytest.mark.parametrize("ending", [".conda", ".tar.bz2"])
INDEX = b'{"name": "odd", "version": "1", "build": "0", "depends": []}'


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def odd(
    store: Store,
    members: list[tuple[tarfile.TarInfo, bytes]],
    paths: list[dict[str, object]] | bytes | None = None,
    **info: bytes,
) -> Artifact:
    """A package of this tar; ``paths`` are those of paths.json, by default of all members."""
    if not isinstance(paths, bytes):
        listed = [{"_path": each.name, "path_type": "hardlink"} for each, _ in members]
        paths = json.dumps({"paths": paths or listed, "paths_version": 1}).encode()
    files = {"index.json": INDEX, "paths.json": paths, **{f"{k}.json": v for k, v in info.items()}}
    about = tar(member(f"info/{name}", content) for name, content in files.items())
    parts = {"pkg-odd-1-0.tar.zst": tar(members), "info-odd-1-0.tar.zst": about}
    return packed(store, {name: zstd.compress(part) for name, part in parts.items()})


def packed(store: Store, members: dict[str, bytes]) -> Artifact:
    path = store.root / "odd-1-0.conda"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return kept(store, path)


def refused(store: Store, artifact: Artifact) -> str:
    with pytest.raises(CondaPackageMalformed) as caught:
        linked(store, artifact)
    return caught.value.message


@ENDINGS
def test_files_and_links_stand_below_the_prefix(store: Store, ending: str) -> None:
    files: Files = {"lib/libz.so.1": CondaFile(link="libz.so.1.3"), "lib/libz.so.1.3": b"\x7fELF"}

    found = linked(store, made(store, CondaPackage("zlib", "1.3", files, ending=ending)))

    assert {path: found[path] for path in files} == {
        "lib/libz.so.1": "libz.so.1.3",
        "lib/libz.so.1.3": b"\x7fELF",
    }


@ENDINGS
def test_the_prefix_stands_in_place_of_the_placeholder(store: Store, ending: str) -> None:
    program = b"\x7fELF" + f"{PLACEHOLDER}/lib:{PLACEHOLDER}/lib64".encode() + b"\0rest"
    files = {
        "bin/tool": CondaFile(f"#!{PLACEHOLDER}/bin/python\n".encode(), 0o755, file_mode="text"),
        "lib/lib.so": CondaFile(program, file_mode="binary"),
    }

    found = linked(store, made(store, CondaPackage("tool", "1", files, ending=ending)))

    assert found["bin/tool"] == f"#!{DEPENDENCIES}/bin/python\n".encode()
    assert (
        found["lib/lib.so"]
        == (b"\x7fELF" + f"{DEPENDENCIES}/lib:{DEPENDENCIES}/lib64".encode()).ljust(len(program) - 5, b"\0")
        + b"\0rest"[0:5]
    )


def test_noarch_python_goes_where_the_python_looks(store: Store) -> None:
    files = {"site-packages/cli/__init__.py": b"", "python-scripts/old": b"#!/bin/sh\n", "share/x": b""}
    package = CondaPackage("cli", "1", files, noarch="python", entry_points=["cli = cli.main:run.now"])

    found = linked(store, made(store, package))

    assert {f"{SITE}/cli/__init__.py", "bin/old", "share/x", "bin/cli"} <= found.keys()
    assert (
        found["bin/cli"]
        == (
            f"#!{DEPENDENCIES}/bin/python\nimport sys\nfrom cli.main import run\n"
            'if __name__ == "__main__":\n    sys.exit(run.now())\n'
        ).encode()
    )


def test_other_packages_stay_as_they_were_laid_out(store: Store) -> None:
    files = {"site-packages/x": b"", "python-scripts/y": b""}

    found = linked(store, made(store, CondaPackage("generic", "1", files, noarch="generic")))

    assert files.keys() <= found.keys()


def test_programs_can_be_run_and_nothing_is_setuid(store: Store) -> None:
    files = {"bin/a": CondaFile(b"", 0o4711), "share/b": CondaFile(b"", 0o600)}
    artifact = made(store, CondaPackage("modes", "1", files))

    with open_package(store, artifact) as package:
        entries = package_entries(package, artifact, "3.12")
        modes = {entry.path.rpartition("/")[2]: entry.mode for entry in entries}

    assert modes == {"a": 0o755, "b": 0o644, "modes-1-0.json": 0o644}


def test_hard_links_hold_what_they_link_to(store: Store) -> None:
    hard = member("bin/b", type=tarfile.LNKTYPE, linkname="bin/a")

    found = linked(store, odd(store, [member("bin/a", b"twice"), hard]))

    assert found["bin/b"] == b"twice"


def test_empty_folders_of_the_list_are_there(store: Store) -> None:
    found = linked(
        store, odd(store, [folder("var/empty")], [{"_path": "var/empty", "path_type": "directory"}])
    )

    assert found["var/empty"] == ""


def test_what_the_list_does_not_name_stays_behind(store: Store) -> None:
    found = linked(store, odd(store, [member("a"), member("b")], [{"_path": "a"}]))

    assert "b" not in found


def test_bytecode_is_not_linked_but_sourceless_modules_are(store: Store) -> None:
    files = {"lib/python3.12/__pycache__/a.cpython-312.pyc": b"", "lib/python3.12/b.pyc": b""}

    found = linked(store, made(store, CondaPackage("compiled", "1", files)))

    assert "lib/python3.12/b.pyc" in found
    assert "lib/python3.12/__pycache__/a.cpython-312.pyc" not in found


def test_packages_from_before_paths_json_are_linked(store: Store) -> None:
    old = "/opt/anaconda1anaconda2anaconda3"
    files = {"bin/a": f"#!{old}/bin/python\n", "bin/b": f'x "{PLACEHOLDER}"'}
    whole = CondaPackage("old", "1", files, ending=".tar.bz2")
    path = write(store.root / "channel", whole)
    with tarfile.open(path) as archive:
        archive.extractall(store.root / "old", filter="data")
    (store.root / "old/info/paths.json").unlink()
    (store.root / "old/info/has_prefix").write_text(f'bin/a\n"{PLACEHOLDER}" text bin/b\n')
    with tarfile.open(path, "w:bz2") as archive:
        archive.add(store.root / "old", "")

    found = linked(store, kept(store, path))

    assert found["bin/a"] == f"#!{DEPENDENCIES}/bin/python\n".encode()
    assert found["bin/b"] == f'x "{DEPENDENCIES}"'.encode()


def test_tools_of_conda_can_read_the_note(store: Store, tmp_path: Path) -> None:
    from rattler import PrefixRecord

    files = {
        "bin/t": CondaFile(f"#!{PLACEHOLDER}/x".encode(), file_mode="text"),
        "l": CondaFile(link="bin/t"),
    }
    package = CondaPackage("tool", "1.0", files, ["python >=3.8"], noarch="python", entry_points=["x = y:z"])
    artifact = made(store, package)
    note = linked(store, artifact)["conda-meta/tool-1.0-0.json"]
    assert isinstance(note, bytes)
    (tmp_path / "tool-1.0-0.json").write_bytes(note)

    record = PrefixRecord.from_path(tmp_path / "tool-1.0-0.json")

    assert (record.name.normalized, str(record.version), str(record.build)) == ("tool", "1.0", "0")
    assert sorted(map(str, record.files)) == ["bin/t", "bin/x", "l"]
    assert record.sha256 == bytes.fromhex(artifact.sha256.hex)


def test_the_note_does_not_tell_where_a_package_came_from(store: Store) -> None:
    artifact = made(store, CondaPackage("tool", "1.0", {"a": b""}))

    assert str(store.root) not in str(linked(store, artifact)["conda-meta/tool-1.0-0.json"])


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/etc/passwd", "absolute"),
        ("../x", "leads out"),
        ("a/../../x", "leads out"),
        ("a//b", "leads out"),
        ("lib/.wh.python", "would delete"),
        ("n" * 300, "too long"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(store: Store, path: str, reason: str) -> None:
    assert reason in refused(store, odd(store, [member(path)]))


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "../lib/../../x"])
def test_a_link_out_of_the_environment_is_refused(store: Store, target: str) -> None:
    assert f"links to {target}" in refused(store, odd(store, [link("bin/x", target)]))


@pytest.mark.parametrize("target", ["../lib/x", "x", "../."])
def test_a_link_within_the_environment_is_taken(store: Store, target: str) -> None:
    assert linked(store, odd(store, [link("bin/y", target)]))["bin/y"] == target


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"_path": "a", "sha256": "0" * 64}, "sha256"),
        ({"_path": "a", "size_in_bytes": 9}, "it has 8 bytes, and 9"),
        ({"_path": "b"}, "not there"),
        ({"_path": 7}, "cannot be read"),
        ({"_path": "\ud800"}, "cannot be read"),
        ({"_path": "a", "size_in_bytes": "7"}, "cannot be read"),
        ({"_path": "a", "file_mode": "rot13"}, "cannot be read"),
        ({}, "cannot be read"),
        ({"_path": "a", "prefix_placeholder": "content", "file_mode": "binary"}, "room for a prefix of 7"),
    ],
)
def test_a_list_that_does_not_fit_is_refused(store: Store, entry: dict[str, object], reason: str) -> None:
    assert reason in refused(store, odd(store, [member("a", b"content\0")], [entry]))


@pytest.mark.parametrize(
    "text", [b"", b"\xff", b"[]", b"{}", b'{"paths": 7}', b'{"paths": [7]}', b"[" * 100_000, b"null"]
)
def test_a_list_of_garbage_is_refused(store: Store, text: bytes) -> None:
    assert "odd-1-0.conda" in refused(store, odd(store, [member("a")], text))


@pytest.mark.parametrize("depends", ["7", '"python"', "[7]", '{"python": ">=3"}'])
def test_dependencies_of_garbage_are_refused(store: Store, depends: str) -> None:
    index = INDEX.replace(b"[]", depends.encode())
    about = zstd.compress(tar([member("info/index.json", index)]))

    found = refused(store, packed(store, {"pkg-a.tar.zst": zstd.compress(tar([])), "info-a.tar.zst": about}))

    assert "no list of texts" in found


def test_a_name_with_a_nul_is_refused(store: Store) -> None:
    hidden = member("a")
    hidden[0].pax_headers = {"path": "a\0b"}

    assert "NUL" in refused(store, odd(store, [hidden], [{"_path": "a\0b"}]))


def test_a_list_with_a_path_twice_is_refused(store: Store) -> None:
    assert "twice" in refused(store, odd(store, [member("a")], [{"_path": "a"}, {"_path": "a"}]))


@pytest.mark.parametrize(
    "point", ["x", "x = y", "../x = y:z", "x = y:z; import os", "= y:z", "\ud800 = y:z", "a\0b = y:z"]
)
def test_an_entry_point_that_names_no_function_is_refused(store: Store, point: str) -> None:
    text = json.dumps({"noarch": {"type": "python", "entry_points": [point]}}).encode()

    assert "names no function" in refused(store, odd(store, [member("a")], link=text))


@pytest.mark.parametrize(
    "text", [b'{"noarch": {"entry_points": 7}}', b'{"noarch": {"entry_points": [7]}}', b"7"]
)
def test_entry_points_of_garbage_are_refused(store: Store, text: bytes) -> None:
    assert "link.json" in refused(store, odd(store, [member("a")], link=text))


def test_two_files_at_one_place_are_refused(store: Store) -> None:
    text = json.dumps({"noarch": {"type": "python", "entry_points": ["a = b:c"]}}).encode()

    assert "more than one file" in refused(store, odd(store, [member("bin/a")], link=text))


@pytest.mark.parametrize(
    "damaged",
    [
        member("a", type=tarfile.CHRTYPE),
        member("a", type=tarfile.FIFOTYPE),
        member("a", type=tarfile.LNKTYPE, linkname="b"),
        member("a", type=tarfile.LNKTYPE, linkname="../../etc/passwd"),
    ],
)
def test_what_is_neither_file_nor_link_is_refused(
    store: Store, damaged: tuple[tarfile.TarInfo, bytes]
) -> None:
    assert "'a'" in refused(store, odd(store, [damaged]))


def test_a_file_that_occurs_twice_is_refused(store: Store) -> None:
    assert "twice" in refused(store, odd(store, [member("a"), member("a")], [{"_path": "a"}]))


def test_a_package_that_unpacks_to_more_than_it_says_is_refused(store: Store) -> None:
    listed: list[dict[str, object]] = [{"_path": "a", "size_in_bytes": 1}]

    assert "unpacks to more" in refused(store, odd(store, [member("a", bytes(70 << 20))], listed))


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def emptied(data: bytes) -> bytes:
    return data[:0]


def blotted(data: bytes) -> bytes:
    return data[:200] + bytes(60) + data[260:]


def with_other_magic(data: bytes) -> bytes:
    return data.replace(b"\x28\xb5\x2f\xfd", b"PK\0\0").replace(b"BZh9", b"BZh0")


@pytest.mark.parametrize("damage", [cut, emptied, blotted, with_other_magic])
@ENDINGS
def test_a_damaged_package_is_refused(store: Store, damage: Callable[[bytes], bytes], ending: str) -> None:
    files = {f"lib/{number}": bytes([number] * 999) for number in range(99)}
    path = write(store.root / "channel", CondaPackage("odd", "1", files, ending=ending))
    path.write_bytes(damage(path.read_bytes()))

    assert "odd-1-0" in refused(store, kept(store, path))


@pytest.mark.parametrize(
    "members", [{}, {"pkg-a.tar.zst": b""}, {"info-a.tar.zst": b"", "info-b.tar.zst": b""}]
)
def test_a_zip_without_the_two_parts_is_refused(store: Store, members: dict[str, bytes]) -> None:
    assert "must hold one info-*.tar.zst" in refused(store, packed(store, members))


@pytest.mark.parametrize(
    ("at", "value"),
    [(6, 0x01), (6, 0x20), (6, 0x40), (4, 99), (42, 0xFF), (8, 99)],
    ids=["encrypted", "patched", "strongly encrypted", "another version", "elsewhere", "another method"],
)
def test_a_zip_that_is_beyond_reading_is_refused(store: Store, at: int, value: int) -> None:
    whole = write(store.root / "channel", CondaPackage("odd", "1", {"a": b""})).read_bytes()
    # Both the index of the zip, where a field lies two bytes later, and the header before the content say it.
    for start in (
        whole.rindex(b"PK\x01\x02") + (at + 2 if at < 42 else at),
        whole.rindex(b"PK\x03\x04") + at,
    ):
        whole = whole[:start] + bytes([value]) + whole[start + 1 :]
    path = store.root / "odd-1-0.conda"
    path.write_bytes(whole)

    assert "odd-1-0" in refused(store, kept(store, path))


def test_a_part_that_is_compressed_twice_is_refused(store: Store) -> None:
    path = store.root / "odd-1-0.conda"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("info-odd-1-0.tar.zst", zstd.compress(bytes(99)))

    assert "compressed twice" in refused(store, kept(store, path))


def test_a_header_that_fills_the_memory_is_refused(store: Store) -> None:
    long = tarfile.TarInfo("lib/x")
    long.pax_headers = {"comment": "x" * (2 << 20)}

    assert "a header of more than" in refused(store, odd(store, [(long, b"")]))


def test_a_file_of_the_prefix_alone_is_refused(store: Store) -> None:
    content = CondaFile(b"/p" * 200_000, file_mode="text", placeholder="/p")

    assert "more than 100000 times" in refused(store, made(store, CondaPackage("odd", "1", {"x": content})))


@ENDINGS
def test_what_a_package_says_of_itself_has_an_end(
    store: Store, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "INFO_AT_MOST", 1 << 20)
    monkeypatch.setattr(archive, "SMALLEST_PART", 1)
    about = [member("info/test/zeros", bytes(2 << 20)), member("info/index.json", INDEX)]
    parts = {"pkg-odd-1-0.tar.zst": tar([]), "info-odd-1-0.tar.zst": tar(about)}
    if ending == ".conda":
        artifact = packed(store, {name: zstd.compress(part) for name, part in parts.items()})
    else:
        path = store.root / "odd-1-0.tar.bz2"
        path.write_bytes(bz2.compress(tar(about)))
        artifact = kept(store, path)

    assert "does not end within" in refused(store, artifact)


def test_a_package_without_an_index_is_refused(store: Store) -> None:
    empty = zstd.compress(tar([]))

    assert "no info/index.json" in refused(
        store, packed(store, {"pkg-a.tar.zst": empty, "info-a.tar.zst": empty})
    )
