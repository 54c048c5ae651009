"""Locks in the standard format, pylock.toml (PEP 751), with what PEP 751 has no place for in a table of ours.

The bytes are ours and stable: the same lock is the same file. The packages stand in the order of their
layers, so whoever edits that order edits the image.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..digest import Digest
from ..lock import PROJECT, Artifact, Lock, canonical_name
from ..target import MACHINES
from ..toml_text import NotToml, read_toml
from .built_wheels import place_of, unbuilt
from .file_url import path_of
from .url_credentials import split_credentials

FILE = "pylock.toml"
TABLE = "seldon-python"


@dataclass(frozen=True)
class ExportedLock:
    """A lock as it lies in a source, with the facts it was made from (``inputs`` is their digest)."""

    lock: Lock
    asked: tuple[str, ...]
    name: str = FILE


def file_of(platform: str) -> str:
    """Return the name of the lock for one platform (PEP 751 wants no dot in it), used before ``FILE``."""
    return f"pylock.{platform.replace('/', '-')}.toml"


class PylockInvalid(ValueError):
    """A file is not a lock that we wrote, or not any more."""


def write_pylock(exported: ExportedLock, root: Path) -> str:
    """Write a lock; wheels below ``root`` are named by their relative paths."""
    lock = exported.lock
    machine = MACHINES[lock.platform.partition("/")[2]]
    marker = f"sys_platform == 'linux' and platform_machine == '{machine}'"
    lines = [
        'lock-version = "1.0"',
        f"environments = {_array([marker])}",
        f'requires-python = "=={lock.python}.*"',
        'created-by = "seldon-python"',
    ]
    for artifact in lock.artifacts:
        lines += ["", "[[packages]]", f"name = {_string(artifact.name)}"]
        if place := place_of(artifact.name, exported.asked) if artifact.kind == PROJECT else "":
            lines.append(_source_of(place, root))
            continue
        lines.append(f"version = {_string(artifact.version)}")
        lines.append(f"wheels = [{_wheel(artifact, root)}]")
    lines += [
        "",
        f"[tool.{TABLE}]",
        f"kind = {_string(lock.kind)}",
        f"engine = {_string(lock.engine)}",
        f"inputs = {_string(str(lock.inputs))}",
        f"python = {_string(lock.python)}",
        f"platform = {_string(lock.platform)}",
        f"roots = {_array(lock.roots)}",
        f"asked = {_array(exported.asked, lines=True)}",
    ]
    return "\n".join(lines) + "\n"


def read_pylock(text: str, root: Path) -> ExportedLock | None:
    """Read a lock that ``write_pylock`` wrote; None where another tool wrote it.

    PylockInvalid where it is no TOML or lacks what ours have.
    """
    try:
        document = read_toml(text)
    except NotToml as error:
        raise PylockInvalid(str(error)) from error
    tools = document.get("tool")
    table = tools.get(TABLE) if isinstance(tools, dict) else None
    if table is None:
        return None
    try:
        return _exported(document, table, root)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PylockInvalid(f"it was changed by hand: {error}") from error


def is_of_others(text: str) -> bool:
    """Tell whether another tool wrote this lock; what is no lock is nobody's."""
    try:
        document = read_toml(text)
    except NotToml:
        return False
    return str(document.get("created-by", "seldon-python")) != "seldon-python"


def read_artifacts(package: Mapping[str, Any], folder: Path) -> Iterable[Artifact]:
    """Read every wheel of one ``[[packages]]`` entry; paths are relative to ``folder``."""
    archives = [*package.get("wheels", ()), *([package["archive"]] if "archive" in package else ())]
    for wheel in archives:
        url = wheel.get("url") or _resolved(folder, wheel["path"])
        yield Artifact(
            canonical_name(package["name"]),
            _text(package.get("version") or path_of(url).name.split("-")[1]),
            split_credentials(url)[0].partition("#")[0],
            Digest(wheel["hashes"]["sha256"]),
            int(wheel.get("size", 0)),
        )


def _resolved(folder: Path, path: str) -> str:
    return (folder.resolve() / path).resolve().as_uri()


def _exported(document: Mapping[str, Any], table: Mapping[str, Any], root: Path) -> ExportedLock:
    asked = tuple(map(_text, table["asked"]))
    artifacts = tuple(
        artifact for package in document["packages"] for artifact in _artifacts(package, asked, root)
    )
    lock = Lock(
        _text(table["kind"]),
        _text(table["engine"]),
        _text(table["python"]),
        _text(table["platform"]),
        Digest.parse(table["inputs"]),
        artifacts,
        tuple(map(_text, table["roots"])),
    )
    return ExportedLock(lock, asked)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:80]} is no text")
    return value


def _artifacts(package: Mapping[str, Any], asked: Sequence[str], root: Path) -> Iterable[Artifact]:
    name = canonical_name(package["name"])
    if place := place_of(name, asked):
        # Whoever locks and whoever builds makes a wheel of the folder as it is then.
        return [unbuilt(name, (root.resolve() / place).resolve())]
    return read_artifacts(package, root)


def _source_of(place: str, root: Path) -> str:
    """Name what a wheel is built of: its version and its bytes are no part of a lock."""
    path = root / place
    if not path.is_file():
        return f"directory = {{ path = {_string(place)} }}"
    where = f"url = {_string(path.as_uri())}" if Path(place).is_absolute() else f"path = {_string(place)}"
    return f'archive = {{ {where}, hashes = {{ sha256 = "{Digest.of_file(path).hex}" }} }}'


def _wheel(artifact: Artifact, root: Path) -> str:
    fields = [f"name = {_string(unquote(artifact.filename))}", _place(artifact.url, root)]
    if artifact.size:
        fields.append(f"size = {artifact.size}")
    fields.append(f'hashes = {{ sha256 = "{artifact.sha256.hex}" }}')
    return f"{{ {', '.join(fields)} }}"


def _place(url: str, root: Path) -> str:
    if url.startswith("file:"):
        path = path_of(url)
        if path.is_relative_to(root.resolve()):
            return f"path = {_string(path.relative_to(root.resolve()).as_posix())}"
    return f"url = {_string(url)}"


def _array(values: Sequence[str], *, lines: bool = False) -> str:
    if lines and values:
        return "[\n" + "".join(f"    {_string(value)},\n" for value in values) + "]"
    return f"[{', '.join(map(_string, values))}]"


def _string(text: str) -> str:
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped, and surrogates, which it forbids.
    return re.sub("\x7f", r"\\u007f", json.dumps(text, ensure_ascii=False))
