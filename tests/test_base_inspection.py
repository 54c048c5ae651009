"""Finding the Python of a base that others made."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from seldon_builder.base import Base, inspection, rootfs_interpreter
from seldon_builder.base.inspection import target_of
from seldon_builder.base.rootfs import unpack
from seldon_builder.errors.base import BaseNotSupported, BaseWithoutPython, BaseWithSeveralPythons
from seldon_builder.events import Event, EventKind, silent
from seldon_builder.image import Image
from seldon_builder.inputs.python_version import Wanted
from seldon_builder.store import Store
from seldon_builder.target import Target

from . import bases
from .bases import link, member

LIBC = member("lib/libc.so.6", b"\x7fELF GNU C Library (Other 2.35-1) stable release version 2.35.\n")
Members = Iterable[tuple[tarfile.TarInfo, bytes]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def python(path: str, version: str = "3.12.4") -> tuple[tarfile.TarInfo, bytes]:
    return member(path, b"\x7fELF program\0%s\0" % version.encode())


def foreign(store: Store, members: Members, config: Mapping[str, Any] | None = None) -> Image:
    """An image whose programs do not run here, so that its files alone must tell."""
    return Image(bases.FOREIGN, config=config or {}).with_layers(bases.layer(store, members))


def look(store: Store, image: Image, **options: Any) -> Target:
    options.setdefault("emit", silent)
    return target_of(image, "other:1", lambda: unpack(image, store, silent), store, **options)


def test_one_python_is_found_through_links(store: Store) -> None:
    members = [
        python("opt/python/bin/python3.12"),
        link("usr/local/bin", "/opt/venv/bin"),
        link("opt/venv/bin/python", "python3"),
        link("opt/venv/bin/python3", "/opt/python/bin/python3.12"),
        LIBC,
    ]

    found = look(store, foreign(store, members))

    assert found == Target(bases.FOREIGN, "3.12.4", "2.35", "/opt/python/bin/python3.12")


def test_only_folders_of_the_image_s_own_path_count(store: Store) -> None:
    members = [python("opt/bin/python3.12"), python("usr/bin/python3.11", "3.11.9"), LIBC]

    found = look(store, foreign(store, members, {"Env": ["PATH=/opt/bin:/nowhere"]}))

    assert found.python_version == "3.12.4"


def test_the_same_files_with_another_path_are_looked_into_again(store: Store) -> None:
    members = [python("one/python3.12"), python("other/python3.11", "3.11.9"), LIBC]
    one, other = (foreign(store, members, {"Env": [f"PATH=/{name}"]}) for name in ("one", "other"))

    assert [look(store, image).python_version for image in (one, other)] == ["3.12.4", "3.11.9"]


def test_a_name_without_version_is_told_by_the_library_beside_it(store: Store) -> None:
    members = [python("opt/bin/python3", "3.11.3"), member("opt/lib/python3.11/os.py", b""), LIBC]

    assert look(store, foreign(store, members, {"Env": ["PATH=/opt/bin"]})).python_version == "3.11.3"


def test_the_library_may_hold_the_version(store: Store) -> None:
    program = member("usr/bin/python3.12", b"\x7fELF")
    library = member("usr/lib/libpython3.12.so.1.0", b"\x7fELF\0" + b"3.12.9\0")

    assert look(store, foreign(store, [program, library, LIBC])).python_version == "3.12.9"


def test_no_python_is_an_error_that_names_where_it_was_looked_for(store: Store) -> None:
    shim = member("usr/bin/python3.12", b"#!/bin/sh\nexec pyenv\n")

    with pytest.raises(BaseWithoutPython, match="/usr/local/bin"):
        look(store, foreign(store, [shim, LIBC]))


def test_several_supported_pythons_are_an_error_until_one_is_wanted(store: Store) -> None:
    made = foreign(store, [python("usr/bin/python3.11", "3.11.2"), python("usr/local/bin/python3.12"), LIBC])

    with pytest.raises(
        BaseWithSeveralPythons, match=r"3\.12 \(/usr/local/bin/python3\.12\), 3\.11.*\n.*--python"
    ):
        look(store, made)
    assert look(store, made, wanted=Wanted("3.11")).python_version == "3.11.2"
    assert look(store, made, wanted=Wanted(specifier=">=3.12")).python_version == "3.12.4"


def test_an_unsupported_python_beside_a_supported_one_does_not_matter(store: Store) -> None:
    events: list[Event] = []
    made = foreign(store, [python("usr/bin/python3.8", "3.8.1"), python("usr/bin/python3.12"), LIBC])

    assert look(store, made, emit=events.append).python_version == "3.12.4"
    assert "also has 3.8" in events[0].message


@pytest.mark.parametrize("version", ["3.9", "3.14"])
def test_an_unsupported_python_is_an_error_that_names_the_range(store: Store, version: str) -> None:
    with pytest.raises(BaseNotSupported, match=r"3\.10 to 3\.13"):
        look(store, foreign(store, [python(f"usr/bin/python{version}"), LIBC]))


def test_musl_is_an_error_that_says_so(store: Store) -> None:
    program = member("usr/bin/python3.12", b"\x7fELF\0/lib/ld-musl-x86_64.so.1\0" + b"3.12.4\0")

    with pytest.raises(BaseNotSupported, match="musl"):
        look(store, foreign(store, [program]))


def test_the_python_that_ended_gives_a_warning(store: Store) -> None:
    events: list[Event] = []

    look(store, foreign(store, [python("usr/bin/python3.10", "3.10.19"), LIBC]), emit=events.append)

    assert [(event.kind, "October 2026" in event.message) for event in events] == [(EventKind.WARNING, True)]


def test_labels_are_believed_without_unpacking_unless_forced(store: Store) -> None:
    labels = {
        "io.seldon.python.version": "3.11.2",
        "io.seldon.python.path": "/usr/bin/python3.11",
        "io.seldon.glibc.version": "2.36",
    }
    made = foreign(store, [python("usr/bin/python3.12"), LIBC], {"Labels": labels})

    assert look(store, made) == Target(bases.FOREIGN, "3.11.2", "2.36", "/usr/bin/python3.11")
    assert not (store.root / "rootfs").exists()
    assert look(store, made, force=True).python_version == "3.12.4"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("python.version", "5"),
        ("python.version", "3.11.2\n"),
        ("python.version", "3.٣.2"),
        ("python.path", "/../../etc/passwd"),
        ("python.path", "../../etc/passwd"),
        ("python.path", "/usr/bin/.."),
        ("python.path", ""),
        ("python.path", "/usr/bin/python\n"),
        ("python.path", "/usr/bin/python3 -c"),
        ("glibc.version", "abc"),
        ("glibc.version", "2.x"),
        ("glibc.version", ""),
    ],
)
def test_a_label_that_cannot_be_true_is_refused_and_forced_past(store: Store, key: str, value: str) -> None:
    labels = {
        "io.seldon.python.version": "3.11.2",
        "io.seldon.python.path": "/usr/bin/python3.11",
        "io.seldon.glibc.version": "2.36",
        f"io.seldon.{key}": value,
    }
    made = foreign(store, [python("usr/bin/python3.12"), LIBC], {"Labels": labels})

    with pytest.raises(BaseNotSupported, match=f"its label io.seldon.{key} is"):
        look(store, made)
    assert look(store, made, force=True).python_version == "3.12.4"


def test_folders_in_the_place_of_programs_are_none(store: Store) -> None:
    members = [
        bases.folder("usr/bin/python3.13"),
        bases.folder("lib64/libc.so.6"),
        python("usr/bin/python3.12"),
        LIBC,
    ]

    assert look(store, foreign(store, members)).python == "3.12"


def test_a_path_that_no_folder_can_have_is_passed_over(store: Store) -> None:
    config = {"Env": [f"PATH=/{'a' * 300}:/{'b/' * 3000}:/usr/bin"]}

    assert look(store, foreign(store, [python("usr/bin/python3.12"), LIBC], config)).python == "3.12"


def test_the_answer_is_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made = foreign(store, [python("usr/bin/python3.12"), LIBC])
    first = look(store, made)
    monkeypatch.setattr(inspection, "_looked_into", lambda *_: pytest.fail("it was looked into again"))

    assert look(store, made) == first


@pytest.mark.network
def test_a_real_base_says_by_its_files_what_its_labels_say(tmp_path_factory: pytest.TempPathFactory) -> None:
    store, base = bases.store_of_run(tmp_path_factory), bases.debian(tmp_path_factory)

    assert target_of(base.image, "it", base.rootfs, store, silent, force=True) == base.target


@pytest.mark.network
def test_a_version_that_is_read_is_the_one_that_runs(tmp_path_factory: pytest.TempPathFactory) -> None:
    base: Base = bases.debian(tmp_path_factory)
    path = base.target.python_path

    assert inspection._written_version("it", base.rootfs(), path, "3.13") == base.target.python_version
    assert rootfs_interpreter.interpreter_in(base.rootfs(), path).version == ""
