"""The layers of the model itself: its weights, then its code.

They hold what the slices of a CNB lifecycle hold (layers/slices.go there): each slice its files and their
parent folders, the last layer every path that is not wholly in slices, all of them sorted by path.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from .. import prefix
from ..digest import Digest
from ..entry import Bytes, Entry, folder, link
from ..events import Emit, progress
from ..inputs.source_reading import FOLDER_MODE
from ..inputs.source_secrets import cleaned, tell_of_credentials
from ..layer import Layer, LayerKind
from ..source import Source, SourceFile
from ..store import BlobWriter, Store
from . import packing
from .content_digests import content_digests
from .encoder import PlainEncoder, TarEncoder
from .tar import TRAILER, header, padding
from .weights import weight_groups

_ROOT = PurePosixPath()
_TELL_EVERY = 32 << 20


def app_layers(
    source: Source, store: Store, emit: Emit, weights: Sequence[str] = (), *, asked: Collection[str] = ()
) -> tuple[Layer, ...]:
    """Return the layers of ``source``: weights as ``weight_groups`` divides them, the rest last.

    ``weights`` are the user's own patterns (see ``weight_patterns``); ``asked`` the files that requirements
    were read from, which lose the passwords of their URLs.
    """
    tell_of_credentials(source, emit, asked)
    divided = slices(source, weight_groups(source, weights))
    packed = _Packed(source, store, emit, asked)
    return tuple(
        packed.layer(
            paths,
            LayerKind.APP if number == len(divided) else LayerKind.WEIGHTS,
            f"Application Slice: {number}" if len(divided) > 1 else "Application Layer",
        )
        for number, paths in enumerate(divided, 1)
    )


def slices(source: Source, groups: Sequence[Sequence[SourceFile]]) -> tuple[tuple[PurePosixPath, ...], ...]:
    """Return the paths of each layer: one per group, and what is left; ``.`` is the folder itself."""
    sliced = {file.path for group in groups for file in group}
    touched = {parent for path in sliced for parent in path.parents}
    children: dict[PurePosixPath, list[PurePosixPath]] = {path: [] for path in touched}
    for file in source.files:
        if file.path.parent in children:
            children[file.path.parent].append(file.path)
    for path in sorted(touched, key=lambda path: len(path.parts), reverse=True):
        if all(child in sliced for child in children[path]):
            sliced.add(path)
    rest = [path for path in (_ROOT, *(file.path for file in source.files)) if path not in sliced]
    with_parents = [{path for file in group for path in (file.path, *file.path.parents)} for group in groups]
    return tuple(tuple(sorted(paths, key=_image_path)) for paths in (*with_parents, rest))


def _image_path(path: PurePosixPath) -> str:
    return prefix.APP if path == _ROOT else f"{prefix.APP}/{path}"


class _Packed:
    """Makes entries and layers of paths of a source, each file digested once."""

    def __init__(self, source: Source, store: Store, emit: Emit, asked: Collection[str]) -> None:
        self._store, self._emit = store, emit
        self._files = {file.path: file for file in source.files}
        self._cleaned = {
            file.path: data for file in source.files if (data := cleaned(source, file, asked)) is not None
        }
        plain = [
            file
            for file in source.files
            if not file.is_folder and not file.link and file.path not in self._cleaned
        ]
        self._digests = content_digests(source, plain, store, emit)

    def layer(self, paths: Sequence[PurePosixPath], kind: LayerKind, created_by: str) -> Layer:
        """Return the layer of ``paths``, which are in the order of the tar."""
        entries = [self._entry(path) for path in paths]
        parts = (
            part for path, entry in zip(paths, entries, strict=True) for part in self._facts(path, entry)
        )

        def pack(writer: BlobWriter) -> tuple[Digest, int]:
            return _pack(writer, entries, self._emit)

        return self._store.layer(packing.cache_key("app", *parts), kind, created_by, pack)

    def _entry(self, path: PurePosixPath) -> Entry:
        place, file = _image_path(path), self._files.get(path)
        if file is None or file.is_folder:
            return folder(place, FOLDER_MODE)
        if file.link:
            return link(place, file.link)
        if path in self._cleaned:
            data = self._cleaned[path]
            return Entry(place, file.mode, len(data), Bytes(data))
        return Entry(place, file.mode, file.size, self._digests[path])

    def _facts(self, path: PurePosixPath, entry: Entry) -> tuple[str, ...]:
        digest = ""
        if path in self._cleaned:
            digest = str(Digest.of(self._cleaned[path]))
        elif path in self._digests:
            digest = str(self._digests[path].digest)
        return entry.path, oct(entry.mode), entry.link, str(entry.size), digest


def _pack(writer: BlobWriter, entries: Sequence[Entry], emit: Emit) -> tuple[Digest, int]:
    """Write ``entries`` in the lifecycle's order, which is by whole path: ``a.py`` before ``a/b``."""
    encoder = _Telling(PlainEncoder(writer), emit, sum(entry.size for entry in entries))
    for entry in entries:
        encoder.write(header(entry))
        if entry.content is not None:
            packing.copy_content(encoder, entry)
            encoder.write(padding(entry.size))
    encoder.write(TRAILER)
    return encoder.finish()


class _Telling:
    """An encoder that tells how far it is."""

    def __init__(self, encoder: TarEncoder, emit: Emit, total: int) -> None:
        self._encoder, self._emit, self._total = encoder, emit, total
        self._done = self._told = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._encoder.write(data)
        self._done += len(data)
        if self._done - self._told >= _TELL_EVERY:
            self._told = self._done
            self._emit(progress("app", "Packing the model", min(self._done, self._total), self._total))

    def finish(self) -> tuple[Digest, int]:
        return self._encoder.finish()
