"""Which Python and which C library a base image has."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ..digest import Digest
from ..errors.base import BaseNotSupported, BaseWithoutPython, BaseWithSeveralPythons
from ..events import Emit, decision, warning
from ..image import Image
from ..inputs.python_version import Wanted
from ..store import Store
from ..target import SUPPORTED_PYTHONS, Target
from .labels import GLIBC_VERSION, PATH, PYTHON_PATH, PYTHON_VERSION
from .rootfs import chain_of, place_of, resolve

_NAME = re.compile(r"python(?:3(?:\.(\d+))?)?")
# What the labels must look like: they go into paths, platforms and command lines.
_SHAPES = {
    PYTHON_VERSION: re.compile(r"3\.\d{1,3}\.\d{1,3}(?:(?:a|b|rc)\d{1,3})?\+?", re.ASCII),
    GLIBC_VERSION: re.compile(r"2\.\d{1,3}(?:\.\d{1,3})?", re.ASCII),
    PYTHON_PATH: re.compile(r"(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._+-]{1,255}){1,32}"),
}
_GLIBC = re.compile(rb"GNU C Library [^\n]*release version (\d+\.\d+)")
_LIBC_PLACES = ("lib", "lib64", "usr/lib", "usr/lib64")


def target_of(
    image: Image,
    name: str,
    rootfs: Callable[[], Path],
    store: Store,
    emit: Emit,
    *,
    wanted: Wanted | None = None,
    force: bool = False,
) -> Target:
    """Return what ``image`` (called ``name``) is, by its labels or, looked into once, by its files.

    ``force`` looks again and believes no label.
    """
    labels, wanted = image.labels, wanted or Wanted()
    if not force and {PYTHON_VERSION, GLIBC_VERSION, PYTHON_PATH} <= labels.keys():
        version, glibc, path = (_label(labels, key, name) for key in _SHAPES)
        target = Target(image.architecture, version, glibc, path, image.os)
    else:
        target = _remembered(image, name, rootfs, store, emit, wanted, force=force)
    if target.python not in SUPPORTED_PYTHONS:
        raise BaseNotSupported(name, f"it has Python {target.python_version}")
    if target.python == "3.10":
        emit(
            warning(
                "base",
                f"{name} has Python 3.10, which ended in October 2026: nothing in it is mended any more",
            )
        )
    return target


def _label(labels: Mapping[str, str], key: str, name: str) -> str:
    value = labels[key]
    if not _SHAPES[key].fullmatch(value):
        raise BaseNotSupported(name, f"its label {key} is {value[:80]!r}, which it cannot be")
    return value


def _remembered(
    image: Image,
    name: str,
    rootfs: Callable[[], Path],
    store: Store,
    emit: Emit,
    wanted: Wanted,
    *,
    force: bool,
) -> Target:
    path = image.environment.get("PATH", PATH)
    facts = f"{chain_of(image)} {image.architecture} {wanted.version} {wanted.specifier} {path}"
    key = Digest.of(facts.encode())
    record = store.record("targets", key)
    if record and not force:
        return Target(image.architecture, record["python"], record["glibc"], record["path"], image.os)
    target = _looked_into(image, name, rootfs(), emit, wanted)
    store.keep(
        "targets", key, {"python": target.python_version, "glibc": target.glibc, "path": target.python_path}
    )
    return target


def _looked_into(image: Image, name: str, root: Path, emit: Emit, wanted: Wanted) -> Target:
    path, minor = _python(image, name, root, emit, wanted)
    with (root / path[1:]).open("rb") as file:
        if b"/ld-musl-" in file.read(1 << 16):
            raise BaseNotSupported(name, f"its Python {minor} is built for musl, not for glibc")
    return Target(
        image.architecture, _exact_version(image, name, root, path, minor), _glibc(name, root), path, image.os
    )


def _python(image: Image, name: str, root: Path, emit: Emit, wanted: Wanted) -> tuple[str, str]:
    """Return path and minor version of the one Python that is meant."""
    folders = image.environment.get("PATH", PATH).split(":")
    found: dict[str, str] = {}
    for path, minor in _interpreters(root, folders):
        found.setdefault(minor, path)
    if not found:
        raise BaseWithoutPython(name, folders)
    supported = {minor: path for minor, path in found.items() if minor in SUPPORTED_PYTHONS}
    if not supported:
        raise BaseNotSupported(name, f"it has Python {', '.join(found)}")
    meant = [minor for minor in supported if wanted.allows(minor)] or list(supported)
    if len(meant) > 1:
        raise BaseWithSeveralPythons(name, [f"{minor} ({supported[minor]})" for minor in meant])
    if len(found) > 1:
        emit(
            decision("base", f"Taking Python {meant[0]} of {name}, which also has {_listed(found, meant[0])}")
        )
    return supported[meant[0]], meant[0]


def _listed(found: dict[str, str], but: str) -> str:
    return ", ".join(minor for minor in found if minor != but)


def _interpreters(root: Path, folders: list[str]) -> Iterator[tuple[str, str]]:
    """Yield real path and minor version of each interpreter, in the order of PATH."""
    for folder in folders:
        place = resolve(root, folder) if folder.startswith("/") else None
        if place is None or not place.is_dir():
            continue
        for entry in sorted(place.iterdir()):
            if not _NAME.fullmatch(entry.name):
                continue
            real = resolve(root, f"/{entry.relative_to(root)}")
            minor = _minor(entry, real) if real else ""
            if real and minor and _is_program(real):
                yield f"/{real.relative_to(root)}", minor


def _minor(entry: Path, real: Path) -> str:
    """Return the minor version by the program's name, or by the library beside it."""
    for name in (real.name, entry.name):
        found = _NAME.fullmatch(name)
        if found and found[1]:
            return f"3.{found[1]}"
    libraries = [path.parent.name for path in real.parent.parent.glob("lib/python3.*/os.py")]
    return libraries[0].removeprefix("python") if len(libraries) == 1 else ""


def _is_program(path: Path) -> bool:
    # A shell script that looks for a Python elsewhere (pyenv's shims) is none itself.
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _exact_version(image: Image, name: str, root: Path, path: str, minor: str) -> str:
    from . import rootfs_interpreter
    from .debian import host_architecture

    if image.architecture != host_architecture():
        return _written_version(name, root, path, minor)
    with io.BytesIO() as output:
        question = ("-S", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])")
        rootfs_interpreter.interpreter_in(root, path).run(
            question, stdin=io.BytesIO(), stdout=output, environment={"PYTHONHASHSEED": "0"}
        )
        return output.getvalue().decode().strip()


def _written_version(name: str, root: Path, path: str, minor: str) -> str:
    """Find the version that is written into a program which does not run here."""
    wanted = re.compile(rb"\x00(%s\.\d+)[+\x00]" % re.escape(minor.encode()))
    program = root / path[1:]
    libraries = (found for place in _library_folders(root) for found in place.glob(f"libpython{minor}.so*"))
    for file in (program, *sorted((program.parent.parent / "lib").glob(f"libpython{minor}.so*")), *libraries):
        if file.is_file() and (found := wanted.search(file.read_bytes())):
            return found[1].decode()
    raise BaseNotSupported(name, f"the exact version of its Python {minor} cannot be told")


def _glibc(name: str, root: Path) -> str:
    for folder in _library_folders(root):
        library = resolve(root, f"/{(folder / 'libc.so.6').relative_to(root)}")
        if library and library.is_file() and (found := _GLIBC.search(library.read_bytes())):
            return found[1].decode()
    raise BaseNotSupported(name, "it has no glibc")


def _library_folders(root: Path) -> Iterator[Path]:
    for place in _LIBC_PLACES:
        folder = place_of(root, place)
        if folder and folder.is_dir():
            yield folder
            yield from sorted(folder.glob("*-linux-gnu"))
