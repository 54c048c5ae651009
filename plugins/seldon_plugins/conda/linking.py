"""What a conda package is in an image: its files at their places in the one prefix, and a note of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from typing import Any

from seldon_builder.entry import Entry, file, folder, link
from seldon_builder.layers.wheel_archive import refused_path
from seldon_builder.layers.wheel_collisions import unpackable
from seldon_builder.layers.wheel_metadata import entry_point_script
from seldon_builder.lock import Artifact
from seldon_builder.prefix import DEPENDENCIES

from .archive import Member, OpenPackage
from .contents import PackedPath
from .places import is_bytecode, place_of
from .prefixes import MOST_PLACES, Piece, PlacesTooMany, PrefixTooLong, with_prefix

META = "conda-meta"
_ROOT = f"{DEPENDENCIES}/"
_FROM_INDEX = (
    "arch", "build", "build_number", "constrains", "depends", "license", "name", "noarch",
    "platform", "subdir", "timestamp", "track_features", "version",
)  # fmt: skip


@dataclass(frozen=True)
class Linked:
    """One path of a package and its entry in the image."""

    packed: PackedPath
    entry: Entry


def package_entries(
    package: OpenPackage, artifact: Artifact, python: str, lost: Collection[str] = ()
) -> list[Entry]:
    """Return the entries of a package for Python ``python`` ("3.13"), without the paths in ``lost``."""
    linked = list(linked_paths(package, python))
    scripts = [_script(package, point) for point in package.contents.entry_points]
    note = _note(package, artifact, linked, scripts)
    entries = [*(each.entry for each in linked), *scripts, note]
    _refuse_two(package, entries)
    return [entry for entry in entries if entry.path not in lost and not is_bytecode(entry.path)]


def linked_paths(package: OpenPackage, python: str) -> Iterator[Linked]:
    """Yield each path of the package's list with its entry; CondaPackageMalformed where one may not be."""
    for packed in package.contents.paths:
        member = package.members.get(packed.path)
        if member is None:
            raise package.malformed("its list of files names it, but it is not there", packed.path)
        place = place_of(packed.path, python, is_noarch=package.contents.is_noarch_python)
        nul = "it holds a NUL" if "\0" in place + member.link else ""
        if reason := nul or refused_path(place) or unpackable(_ROOT + place):
            raise package.malformed(reason, packed.path)
        yield Linked(packed, _entry(package, packed, member, place))


def _entry(package: OpenPackage, packed: PackedPath, member: Member, place: str) -> Entry:
    if member.is_folder:
        return folder(_ROOT + place)
    if member.link:
        return _link(package, member, place)
    if packed.size not in (-1, member.size):
        reason = f"it has {member.size} bytes, and {packed.size} in the package's own list"
        raise package.malformed(reason, packed.path)
    piece = Piece(package.file, member.start, member.size)
    if packed.sha256 and not is_bytecode(place) and _sha256(piece) != packed.sha256:
        raise package.malformed("its sha256 is not that of the package's own list", packed.path)
    if packed.placeholder:
        piece = _patched(package, packed, piece)
    return Entry(_ROOT + place, 0o755 if member.mode & 0o111 else 0o644, piece.size, piece)


def _patched(package: OpenPackage, packed: PackedPath, piece: Piece) -> Piece:
    try:
        return with_prefix(piece, packed.placeholder, packed.mode)
    except PrefixTooLong as error:
        room = f"{len(packed.placeholder)} bytes, and {DEPENDENCIES} needs {len(DEPENDENCIES)}"
        raise package.malformed(f"it leaves room for a prefix of {room}", packed.path) from error
    except PlacesTooMany as error:
        reason = f"it holds the prefix that it was built with more than {MOST_PLACES} times"
        raise package.malformed(reason, packed.path) from error


def _link(package: OpenPackage, member: Member, place: str) -> Entry:
    target = normpath(join(dirname(place), member.link))
    if member.link.startswith("/") or target == ".." or target.startswith("../"):
        raise package.malformed(f"it links to {member.link}, out of the environment", member.path)
    return link(_ROOT + place, member.link)


def _script(package: OpenPackage, point: str) -> Entry:
    name, _, value = point.partition("=")
    script = entry_point_script(name.strip(), value)
    if script is None or not name.isprintable():
        raise package.malformed(f"{point!r} names no function", "info/link.json")
    return script


def _refuse_two(package: OpenPackage, entries: list[Entry]) -> None:
    taken: set[str] = set()
    for entry in entries:
        if entry.path in taken:
            raise package.malformed(f"more than one file is meant for {entry.path}")
        taken.add(entry.path)


def _note(package: OpenPackage, artifact: Artifact, linked: list[Linked], scripts: list[Entry]) -> Entry:
    """Write what tools that look into environments of conda read of a package.

    Nothing in it tells where the package came from, for the same package may come from two channels.
    """
    index: Mapping[str, Any] = package.contents.index
    stem = package.name.removesuffix(".conda").removesuffix(".tar.bz2")
    paths = [_noted(each) for each in linked if not is_bytecode(each.entry.path)]
    paths += [{"_path": _relative(entry), "path_type": "unix_python_entry_point"} for entry in scripts]
    paths.sort(key=lambda each: each["_path"])
    url = f"pkg:conda/{artifact.name}@{artifact.version}?build={index.get('build')}"
    record = {
        **{name: index[name] for name in _FROM_INDEX if name in index},
        "files": [each["_path"] for each in paths],
        "fn": package.name,
        "link": {"source": "", "type": 1},
        "paths_data": {"paths": paths, "paths_version": 1},
        "requested_spec": "",
        "sha256": artifact.sha256.hex,
        "size": artifact.size,
        "url": f"{url}&subdir={index.get('subdir')}",
    }
    text = json.dumps(record, sort_keys=True, indent=1)
    return file(f"{_ROOT}{META}/{stem}.json", text.encode("utf-8", "surrogateescape"))


def _noted(each: Linked) -> dict[str, Any]:
    entry, packed = each.entry, each.packed
    if entry.link or not isinstance(entry.content, Piece):
        kind = "softlink" if entry.link else "directory"
        return {"_path": _relative(entry), "path_type": kind}
    found = {"_path": _relative(entry), "path_type": "hardlink", "size_in_bytes": packed.size}
    if packed.sha256:
        found |= {"sha256": packed.sha256, "sha256_in_prefix": packed.sha256}
    if packed.placeholder:
        found |= {"file_mode": packed.mode, "prefix_placeholder": packed.placeholder}
        found |= {"sha256_in_prefix": _sha256(entry.content)}
    return found


def _relative(entry: Entry) -> str:
    return entry.path.removeprefix(_ROOT)


def _sha256(piece: Piece) -> str:
    whole = hashlib.sha256()
    for part in piece.parts():
        whole.update(part)
    return whole.hexdigest()
