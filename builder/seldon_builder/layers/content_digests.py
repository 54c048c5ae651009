"""What files hold, by digest; big ones are not read again while nothing says that they changed."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from ..digest import Digest
from ..errors.source import FileChanged, FileUnreadable
from ..events import Emit, progress, silent
from ..source import Source, SourceFile
from ..store import Store

# Smaller files are read as fast as a record of them.
REMEMBERED = 1 << 20
_CHUNK = 1 << 20
_TELL_EVERY = 64 << 20
_RECORDS = "contents"
_ALONE = "digests"


@dataclass(frozen=True)
class Unchanged:
    """The content of a file that must be as it was when it was digested; FileChanged otherwise.

    ``stamp`` is what the file system says of the file: its size, times and inode.
    """

    path: Path
    name: str
    digest: Digest
    stamp: tuple[int, ...]

    def open(self) -> BinaryIO:
        """Open the bytes from their start; reading them to their end proves that nobody wrote meanwhile."""
        return io.BufferedReader(_UnchangedReader(_opened(self.path, self.name), self), _CHUNK)


class _UnchangedReader(io.RawIOBase):
    def __init__(self, file: BinaryIO, expected: Unchanged) -> None:
        self._file, self._expected = file, expected
        self._check()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count: int = self._file.readinto(buffer)  # type: ignore[attr-defined]  # files of open(buffering=0) have it
        if not count:
            self._check()
        return count

    def _check(self) -> None:
        if _stamp(os.fstat(self._file.fileno())) != self._expected.stamp:
            raise FileChanged(self._expected.name)

    def close(self) -> None:
        self._file.close()
        super().close()


def content_digests(
    source: Source, files: Iterable[SourceFile], store: Store, emit: Emit
) -> dict[PurePosixPath, Unchanged]:
    """Digest ``files``, with what ``store`` remembers of big ones from earlier builds of this folder."""
    key = Digest.of(os.fsencode(source.root.absolute()))
    remembered = store.record(_RECORDS, key) or {}
    found = {
        file.path: _digested(source.root / file.path, str(file.path), file.size, remembered, emit)
        for file in files
    }
    kept = {
        str(path): [str(one.digest), *one.stamp]
        for path, one in sorted(found.items())
        if one.stamp[0] >= REMEMBERED
    }
    if kept != remembered:
        store.keep(_RECORDS, key, kept)
    return found


def file_digest(path: Path, store: Store) -> Digest:
    """Digest one file of any place, or what ``store`` remembers of it."""
    key = Digest.of(os.fsencode(path.absolute()))
    remembered = store.record(_ALONE, key) or {}
    found = _digested(path, path.name, None, remembered, silent)
    kept = {path.name: [str(found.digest), *found.stamp]}
    if kept != remembered:
        store.keep(_ALONE, key, kept)
    return found.digest


def _digested(
    path: Path, name: str, size: int | None, remembered: Mapping[str, Any], emit: Emit
) -> Unchanged:
    with _opened(path, name) as opened:
        stamp = _stamp(os.fstat(opened.fileno()))
        if size is not None and stamp[0] != size:
            raise FileChanged(name)
        known = remembered.get(name)
        if known and known[1:] == list(stamp):
            return Unchanged(path, name, Digest.parse(known[0]), stamp)
        digest = _digest(opened, name, stamp[0], emit)
        if _stamp(os.fstat(opened.fileno())) != stamp:
            raise FileChanged(name)
    return Unchanged(path, name, digest, stamp)


def _digest(opened: BinaryIO, name: str, size: int, emit: Emit) -> Digest:
    whole, done, told = hashlib.sha256(), 0, 0
    while data := opened.read(_CHUNK):
        whole.update(data)
        done += len(data)
        if done - told >= _TELL_EVERY:
            told = done
            emit(progress("app", f"Reading {name}", done, size))
    return Digest(whole.hexdigest())


def _opened(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb", buffering=0)
    except PermissionError as error:
        raise FileUnreadable([name]) from error
    except OSError as error:
        raise FileChanged(name) from error


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
