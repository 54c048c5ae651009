"""A stored conda package, opened: ``.conda`` (zstd tars in a zip) or ``.tar.bz2``.

The bytes were verified, the names in them are never trusted.
"""

from __future__ import annotations

import bz2
import errno
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, NoReturn, cast
from urllib.parse import unquote
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from seldon_builder.errors.conda import CondaPackageMalformed

from .bounded_tar import HEADER_AT_MOST, bounded_tar

if TYPE_CHECKING:
    from seldon_builder.lock import Artifact
    from seldon_builder.store import Store

    from .contents import Contents

INFO = "info/"
# What describes a package, paths of all its files included, is a few MiB in the largest there are; its tests
# and its recipe, which lie beside that, may be more.
INFO_AT_MOST, READ_AT_MOST = 256 << 20, 64 << 20
# In a .tar.bz2, what describes it may stand behind its files. They never were compressed to less than this.
SMALLEST_PART = 1000
# How much more than its files a tar may be: headers, longer than usual, and what no index counts.
_SLACK = 64 << 20
_READ = 1 << 20
_READ_OF_BZIP2 = 1 << 10
# RuntimeError is what a zip says of encryption and of features that are not Python's.
_NONSENSE = (tarfile.TarError, BadZipFile, EOFError, ValueError, OverflowError, RuntimeError)


@dataclass(frozen=True)
class Member:
    """A file or link of a package; ``start`` is where its bytes stand in the unpacked tar."""

    path: str
    start: int
    size: int
    mode: int
    mtime: int
    link: str = ""
    is_folder: bool = False


@dataclass(frozen=True)
class OpenPackage:
    """A package whose tar lies unpacked in ``file``: its members by path, and what it says of itself."""

    name: str
    file: BinaryIO
    members: dict[str, Member]
    contents: Contents

    def malformed(self, reason: str, member: str = "") -> CondaPackageMalformed:
        """Make the error that names this package."""
        return CondaPackageMalformed(self.name, reason, member)


def contents_of(store: Store, artifact: Artifact) -> Contents:
    """Read what a stored package says of itself, without unpacking its files."""
    from .contents import contents_from

    with _verified(store, artifact) as (name, file), _explained(name):
        if name.endswith(".conda"):
            with ZipFile(file) as archive, _zstd_member(archive, "info-", name) as stream:
                return contents_from(name, _info(stream, name, INFO_AT_MOST))
        most = INFO_AT_MOST + SMALLEST_PART * file.seek(0, os.SEEK_END)
        return contents_from(name, _info(_bzip2(file), name, most, until_files=True))


@contextmanager
def open_package(store: Store, artifact: Artifact) -> Iterator[OpenPackage]:
    """Verify the stored package's sha256 (BlobCorrupt) and unpack its tar into a file that is gone later."""
    contents = contents_of(store, artifact)
    with _verified(store, artifact) as (name, file), store.scratch() as scratch:
        with _explained(name):
            with ExitStack() as opened:
                stream = _bzip2(file)
                if name.endswith(".conda"):
                    archive = opened.enter_context(ZipFile(file))
                    stream = opened.enter_context(_zstd_member(archive, "pkg-", name))
                _copy(stream, scratch, contents.size + _SLACK, name)
            members = _members(scratch, name)
        yield OpenPackage(name, scratch, members, contents)


@contextmanager
def _verified(store: Store, artifact: Artifact) -> Iterator[tuple[str, BinaryIO]]:
    blob = store.blob(artifact.sha256)
    with blob.path.open("rb") as file:
        with blob.open() as verified:
            while verified.read(_READ):
                pass
        yield unquote(artifact.filename), file


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Make CondaPackageMalformed of what the libraries say of damage."""
    from backports.zstd import ZstdError

    try:
        yield
    except (*_NONSENSE, ZstdError) as error:
        raise CondaPackageMalformed(name, f"it cannot be unpacked ({error})") from error
    except OSError as error:
        # bz2 tells of damage by an OSError without a number, and a zip may point to before its own start; the
        # disk's errors have other numbers.
        if error.errno not in (None, errno.EINVAL):
            raise
        raise CondaPackageMalformed(name, f"it cannot be unpacked ({error})") from error


def _bzip2(file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return cast(BinaryIO, bz2.BZ2File(file))


@contextmanager
def _zstd_member(archive: ZipFile, prefix: str, name: str) -> Iterator[BinaryIO]:
    from backports import zstd

    found = [
        info for info in archive.infolist()
        if info.filename.startswith(prefix) and info.filename.endswith(".tar.zst")
    ]  # fmt: skip
    if len(found) != 1:
        _refuse(name, f"it must hold one {prefix}*.tar.zst, found {len(found)}")
    if found[0].compress_type != ZIP_STORED:
        _refuse(name, "it is compressed twice", found[0].filename)
    with archive.open(found[0]) as member, zstd.open(member) as stream:
        yield cast(BinaryIO, stream)


def _copy(stream: BinaryIO, scratch: BinaryIO, most: int, name: str) -> None:
    left = most
    while data := stream.read(_READ):
        left -= len(data)
        if left < 0:
            _refuse(name, f"it unpacks to more than the {most} bytes that its own list of files allows")
        scratch.write(data)


def _info(stream: BinaryIO, name: str, most: int, *, until_files: bool = False) -> dict[str, bytes]:
    """Return the files below ``info/``; of a stream with all files only as much as is needed."""
    found: dict[str, bytes] = {}
    left = READ_AT_MOST
    with bounded_tar(stream, name, most) as archive:
        for member in archive:
            path = member.name.removeprefix("./")
            if not path.startswith(INFO):
                if until_files and {"index.json", "paths.json"} <= found.keys():
                    break
                continue
            content = archive.extractfile(member) if member.isreg() else None
            # Its recipe and tests, which no installation needs, have folders of their own.
            if content is not None and "/" not in path.removeprefix(INFO):
                left -= member.size
                if left < 0:
                    _refuse(name, f"what it says of itself is more than {READ_AT_MOST} bytes")
                found[path.removeprefix(INFO)] = content.read()
    return found


def _members(scratch: BinaryIO, name: str) -> dict[str, Member]:
    scratch.flush()
    size = scratch.tell()
    scratch.seek(0)
    found: dict[str, Member] = {}
    # To look for more behind its end is how tarfile finds that end.
    with bounded_tar(scratch, name, size + HEADER_AT_MOST) as archive:
        for info in archive:
            path = info.name.removeprefix("./")
            if path.startswith(INFO) or path in ("", ".", "info"):
                continue
            if info.isdir():
                found.setdefault(path, Member(path, 0, 0, info.mode, 0, is_folder=True))
                continue
            if path in found:
                _refuse(name, "it occurs twice", path)
            found[path] = _member(path, info, found, partial(_refuse, name, member=path))
    return found


def _member(
    path: str, info: tarfile.TarInfo, found: dict[str, Member], refuse: Callable[[str], NoReturn]
) -> Member:
    mtime = int(info.mtime)
    if info.issym():
        return Member(path, 0, 0, info.mode, mtime, info.linkname)
    if info.islnk():
        original = found.get(info.linkname.removeprefix("./"))
        if original is None or original.is_folder:
            refuse(f"it is linked to {info.linkname}, which is not there")
        return Member(path, original.start, original.size, original.mode, original.mtime, original.link)
    if not info.isreg() or info.issparse():
        refuse("it is neither a file, a folder nor a link")
    return Member(path, info.offset_data, info.size, info.mode, mtime)


def _refuse(name: str, reason: str, member: str = "") -> NoReturn:
    raise CondaPackageMalformed(name, reason, member)
