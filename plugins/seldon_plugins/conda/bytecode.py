"""The bytecode of a conda package: what it brings itself where Python would believe it, the rest compiled."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO

from seldon_builder.entry import Entry, PartOfFile
from seldon_builder.prefix import DEPENDENCIES

from .archive import Member, OpenPackage, open_package
from .linking import package_entries
from .places import place_of
from .prefixes import Piece

if TYPE_CHECKING:
    from seldon_builder.layers.compiling import Compiler
    from seldon_builder.lock import Artifact
    from seldon_builder.store import Store

# PEP 552: the magic number and flags, then mtime and size of the source.
_HEADER = struct.Struct("<4sIII")
_BY_TIME = 0
# No source is compared with it, so its hash is never looked at.
_UNCHECKED = struct.Struct("<4sIQ")


def bytecode_of(
    artifact: Artifact,
    results: BinaryIO,
    *,
    store: Store,
    python: str,
    compiler: Compiler,
    lost: frozenset[str],
) -> dict[str, PartOfFile]:
    """Write the bytecode of a package into ``results``; return its parts by the paths of the pyc."""
    with open_package(store, artifact) as package:
        sources = _sources(package, artifact, python, lost)
        brought = dict(_brought(package, sources, python))
        missing = [source for path, source in sources.items() if path not in brought]
        found = compiler.compile(missing, store, results)
        for pyc in brought.values():
            found[pyc.path] = _appended(pyc, results)
    return found


def _sources(package: OpenPackage, artifact: Artifact, python: str, lost: frozenset[str]) -> dict[str, Entry]:
    library = f"{DEPENDENCIES}/lib/python{python}/"
    return {
        entry.path: entry
        for entry in package_entries(package, artifact, python, lost)
        if entry.path.startswith(library)
        and entry.path.endswith(".py")
        and isinstance(entry.content, Piece)
        # Python's own tests, which no server imports, are the larger half of it.
        and not entry.path.startswith(f"{library}test/")
    }


class _Pyc:
    """A pyc of the package, at its place in the image, and the header that makes it independent of times."""

    def __init__(self, path: str, piece: Piece, header: bytes) -> None:
        self.path, self.piece, self.header = path, piece, header


def _brought(package: OpenPackage, sources: Mapping[str, Entry], python: str) -> Iterator[tuple[str, _Pyc]]:
    """Yield the pyc that Python would believe beside the source as packed, by the source's place.

    One whose source was changed since, if only for the prefix, is not among them.
    """
    tag = f".cpython-{python.replace('.', '')}.pyc"
    is_noarch = package.contents.is_noarch_python
    for packed in package.contents.paths:
        folder, _, name = packed.path.rpartition("/__pycache__/")
        if not folder or not name.endswith(tag) or packed.placeholder:
            continue
        place = place_of(f"{folder}/{name.removesuffix(tag)}.py", python, is_noarch=is_noarch)
        source = sources.get(f"{DEPENDENCIES}/{place}")
        original = package.members.get(f"{folder}/{name.removesuffix(tag)}.py")
        pyc = package.members.get(packed.path)
        if source is not None and original is not None and pyc is not None and _is_whole(source):
            header = _believed(package, pyc, original)
            if header:
                where = place_of(packed.path, python, is_noarch=is_noarch)
                yield source.path, _Pyc(f"{DEPENDENCIES}/{where}", _body(package, pyc), header)


def _is_whole(source: Entry) -> bool:
    return isinstance(source.content, Piece) and not source.content.patches


def _believed(package: OpenPackage, pyc: Member, source: Member) -> bytes:
    """Return the new header of a pyc that is up to date; nothing for any other."""
    head = os.pread(package.file.fileno(), min(_HEADER.size, pyc.size), pyc.start)
    if len(head) < _HEADER.size:
        return b""
    magic, flags, mtime, size = _HEADER.unpack(head)
    if flags != _BY_TIME or mtime != source.mtime & 0xFFFFFFFF or size != source.size & 0xFFFFFFFF:
        return b""
    return _UNCHECKED.pack(magic, 1, 0)


def _body(package: OpenPackage, pyc: Member) -> Piece:
    return Piece(package.file, pyc.start + _HEADER.size, pyc.size - _HEADER.size)


def _appended(pyc: _Pyc, results: BinaryIO) -> PartOfFile:
    start = results.seek(0, os.SEEK_END)
    results.write(pyc.header)
    for part in pyc.piece.parts():
        results.write(part)
    results.flush()
    return PartOfFile(results, start, pyc.piece.size + len(pyc.header))
