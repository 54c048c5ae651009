"""One layer's tar, laid over the layers below it."""

from __future__ import annotations

import errno
import gzip
import hashlib
import importlib
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..errors.base import LayerUnreadable
from ..errors.store import StoreFull
from ..layer import Layer
from .rootfs import place_of, remove

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
# Bytes between two reports of progress: about ten in a second.
_STEP = 8 << 20
_CHUNK = 1 << 18
# No image needs more; walking and removing a tree calls itself once a level.
_DEEPEST = 256
_LATEST = float(1 << 33)
# What tarfile lets through: a NUL byte in a name, a number that is none, headers of headers without end.
_NONSENSE = (ValueError, OverflowError, RecursionError)


def unpack_layer(layer: Layer, root: Path, moved: Callable[[int], None]) -> None:
    """Lay the files of ``layer`` over those in ``root``; nothing is ever written outside of it.

    The bytes are checked against the diff id while they are read; ``moved`` hears how many there were.
    """
    with layer.open() as blob:
        try:
            stream = _Counted(_unpacked(layer, blob), moved)
            _lay(stream, root)
            stream.drain()
        except (tarfile.TarError, OSError, EOFError, zlib.error, *_NONSENSE) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StoreFull(root) from error
            # Reading a damaged blob of the store to its end tells of the damage and discards it.
            shutil.copyfileobj(blob, _Nowhere())
            raise LayerUnreadable(layer.digest, str(error)) from error
    if stream.hash.hexdigest() != layer.diff_id.hex:
        raise LayerUnreadable(layer.digest, "its files are not those that the image's configuration names")


class _Nowhere(io.RawIOBase):
    def write(self, data: Any) -> int:
        return len(data)


class _Counted(io.RawIOBase):
    """Hashes what is read and tells how much it was."""

    def __init__(self, stream: BinaryIO, moved: Callable[[int], None]) -> None:
        self._stream, self._moved = stream, moved
        self.hash, self._done, self._told = hashlib.sha256(), 0, 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.hash.update(data)
        self._done += len(data)
        if self._done - self._told >= _STEP:
            self._told = self._done
            self._moved(self._done)
        return data

    def drain(self) -> None:
        while self.read(_CHUNK):
            pass


def _unpacked(layer: Layer, blob: BinaryIO) -> BinaryIO:
    buffered = io.BufferedReader(cast(io.RawIOBase, blob), _CHUNK)
    magic = buffered.peek(4)[:4]
    if magic.startswith(_GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=buffered))
    if magic == _ZSTD:
        return _zstd(layer, buffered)
    return buffered


def _zstd(layer: Layer, blob: BinaryIO) -> BinaryIO:
    try:
        zstandard: Any = importlib.import_module("zstandard")
    except ImportError as error:
        reason = "it is compressed with zstd, which needs the distribution `zstandard`"
        raise LayerUnreadable(layer.digest, reason) from error
    stream: BinaryIO = zstandard.ZstdDecompressor().stream_reader(blob, read_across_frames=True)
    return stream


def _lay(stream: _Counted, root: Path) -> None:
    fresh: set[Path] = set()
    folder_times: dict[Path, float] = {}
    with tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|") as archive:
        for member in archive:
            place = _place(root, member.name)
            if place is None or place == root:
                continue
            if len(place.relative_to(root).parts) > _DEEPEST:
                raise tarfile.ReadError(f"its folders are nested more than {_DEEPEST} deep")
            if place.name.startswith(_WHITEOUT):
                _white_out(place, fresh)
                continue
            _write(archive, member, place, root)
            if member.isdir():
                folder_times[place] = _moment(member)
            fresh.update((place, *place.parents))
    for place, when in folder_times.items():
        if place.is_dir() and not place.is_symlink():
            os.utime(place, (when, when))


def _place(root: Path, name: str) -> Path | None:
    """Return where a member goes: its folder's links are followed within ``root``, its own is replaced."""
    folder, _, last = name.rstrip("/").rpartition("/")
    parent = place_of(root, folder)
    if last in ("", ".", "..") or parent is None:
        return place_of(root, name)
    return parent / last


def _white_out(marker: Path, fresh: set[Path]) -> None:
    """Hide what the layers below have here; what this layer brought stays."""
    if marker.name == _OPAQUE:
        _hide_below(marker.parent, fresh)
        return
    name = marker.name.removeprefix(_WHITEOUT)
    if name not in ("", ".", "..") and marker.parent / name not in fresh:
        remove(marker.parent / name)


def _hide_below(folder: Path, fresh: set[Path]) -> None:
    for child in list(folder.iterdir()) if folder.is_dir() else ():
        if child not in fresh:
            remove(child)
        elif child.is_dir() and not child.is_symlink():
            _hide_below(child, fresh)


def _make_parents(folder: Path) -> None:
    if not folder.is_dir():
        _make_parents(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path, root: Path) -> None:
    _make_parents(place.parent)
    if member.isdir():
        if place.is_symlink() or not place.is_dir():
            remove(place)
            place.mkdir()
        # The owner is us: we must be able to fill, read and remove it later, and nobody else may write.
        place.chmod(member.mode & 0o755 | 0o700)
        return
    remove(place)
    if member.issym():
        place.symlink_to(member.linkname)
    elif member.islnk():
        _link(root, member.linkname, place)
    elif member.isfile():
        _write_file(archive, member, place)


def _link(root: Path, name: str, place: Path) -> None:
    source = _place(root, name)
    if source is None or not (source.is_symlink() or source.is_file()):
        raise tarfile.ReadError(f"{name} is linked to but is not there")
    os.link(source, place, follow_symlinks=False)


def _write_file(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    content = archive.extractfile(member)
    assert content is not None, "regular files have content"
    with place.open("xb") as file:
        shutil.copyfileobj(content, file, _CHUNK)
    place.chmod(member.mode & 0o755 | 0o600)
    # Timestamp bytecode of a base image is believed by its source's mtime.
    when = _moment(member)
    os.utime(place, (when, when))


def _moment(member: tarfile.TarInfo) -> float:
    """Return when a file changed; what no disk can hold, or is no number, is the beginning of time."""
    return member.mtime if 0 <= member.mtime < _LATEST else 0.0
