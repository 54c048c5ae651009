"""An open wheel: a zip whose bytes were verified and whose names are never trusted."""

from __future__ import annotations

import base64
import csv
import io
import lzma
import re
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO, cast
from zipfile import BadZipFile, ZipExtFile, ZipFile, ZipInfo

from ..entry import Entry
from ..errors.layers import WheelMalformed
from ..lock import Artifact
from ..store import Store
from .packing import copy_content
from .splice import DeflateDamaged, SplicingEncoder
from .zip_bytes import ZipBytes

_SIZE = re.compile(r"[0-9]{1,18}\Z")
_READ = 1 << 20
# What is read as a whole, metadata and scripts, is small in any wheel that is one.
READ_AT_MOST = 16 << 20
# What is read of bzip2 and lzma comes out all at once, and 45 bytes of bzip2 may stand for as many MiB.
_READ_OF_LZMA, _READ_OF_BZIP2 = 1 << 12, 1 << 6
_LOCAL_HEADER = 30
_ENCRYPTED = 0x1
_STORED, _DEFLATED, _BZIP2 = 0, 8, 12
_DAMAGED = "its content is not what the zip says (length or checksum)"


@contextmanager
def open_wheel(store: Store, artifact: Artifact) -> Iterator[Wheel]:
    """Verify the stored wheel's sha256 (BlobCorrupt) and open it as a zip."""
    from urllib.parse import unquote

    blob, name = store.blob(artifact.sha256), unquote(artifact.filename)
    with ZipBytes(blob.path) as file:
        with blob.open() as verified:
            while verified.read(_READ):
                pass
        try:
            archive = ZipFile(file)
        except (BadZipFile, NotImplementedError, ValueError) as error:
            raise WheelMalformed(name, f"it is no zip that can be read ({error})") from error
        with archive:
            yield Wheel(name, cast(BinaryIO, file), archive, artifact)


@dataclass(frozen=True)
class Wheel:
    """An open wheel; ``name`` is its file's name, for messages, ``artifact`` what it was locked as."""

    name: str
    file: BinaryIO
    archive: ZipFile
    artifact: Artifact

    @cached_property
    def members(self) -> dict[str, ZipInfo]:
        """The files of the wheel by name; WheelMalformed where one of the names is not to be trusted."""
        found: dict[str, ZipInfo] = {}
        for info in self.archive.infolist():
            reason = "it occurs twice" if info.filename in found else _refusal(info)
            if reason:
                raise self.malformed(reason, info.orig_filename)
            if not info.is_dir():
                found[info.filename] = info
        return found

    @cached_property
    def metadata_folder(self) -> str:
        """The name of the one ``.dist-info`` folder, which must be of what was locked."""
        names = {name.partition("/")[0] for name in self.members if "/" in name}
        found = sorted(name for name in names if name.endswith(".dist-info"))
        if len(found) != 1:
            raise self.malformed(f"it must hold one .dist-info folder, found {found or 'none'}")
        if not _is_of(found[0], self.artifact):
            raise self.malformed(f"it was locked as {self.artifact.name} {self.artifact.version}", found[0])
        return found[0]

    @cached_property
    def recorded(self) -> Mapping[str, bytes]:
        """The sha256 that RECORD has of each file; WheelMalformed where it has another length of one."""
        text = self.metadata("RECORD").decode("utf-8", "replace")
        found: dict[str, bytes] = {}
        try:
            for row in csv.reader(io.StringIO(text, newline="")):
                if len(row) == 3 and (info := self.members.get(row[0])):
                    found |= self._row(info, row[1], row[2])
        except csv.Error as error:
            raise self.malformed(f"it cannot be read ({error})", "RECORD") from error
        return found

    def _row(self, info: ZipInfo, digest: str, size: str) -> dict[str, bytes]:
        if _SIZE.match(size) and int(size) != info.file_size:
            raise self.malformed(f"RECORD says that it has {size} bytes, not {info.file_size}", info.filename)
        if not digest.startswith("sha256="):
            return {}
        try:
            return {info.filename: base64.urlsafe_b64decode(f"{digest[7:].rstrip('=')}=")}
        except ValueError as error:
            raise self.malformed(f"RECORD has {digest} of it, which is no hash", info.filename) from error

    def metadata(self, name: str) -> bytes:
        """Return a file of the ``.dist-info`` folder; nothing where it is not there."""
        info = self.members.get(f"{self.metadata_folder}/{name}")
        if info is None:
            return b""
        return self.read(info)

    def read(self, info: ZipInfo) -> bytes:
        """Return the content of a small member; WheelMalformed where it is not small."""
        if info.file_size > READ_AT_MOST:
            reason = f"{info.file_size} bytes are too many for what it is (at most {READ_AT_MOST})"
            raise self.malformed(reason, info.filename)
        with WheelContent(self, info).open() as file:
            return file.read()

    def malformed(self, reason: str, member: str = "") -> WheelMalformed:
        """Make the error that names this wheel."""
        return WheelMalformed(self.name, reason, member)


@dataclass(frozen=True)
class WheelContent:
    """The bytes of a member, readable while its wheel is open."""

    wheel: Wheel
    info: ZipInfo

    def open(self) -> BinaryIO:
        """Open the inflated bytes from their start."""
        try:
            file = self.wheel.archive.open(self.info)
        except (BadZipFile, NotImplementedError) as error:
            raise self.wheel.malformed(str(error), self.info.filename) from error
        checked = _CheckedReader(self, cast(ZipExtFile, file))
        return cast(BinaryIO, io.BufferedReader(checked, 1 << 16))

    def write_into(self, encoder: SplicingEncoder, entry: Entry) -> None:
        """Write the bytes: as they are compressed already, wherever that serves."""
        info = self.info
        if info.compress_type != _DEFLATED:
            copy_content(encoder, entry)
            return
        self._find_data()
        try:
            encoder.write_deflated(self.wheel.file, info.compress_size, info.CRC, info.file_size)
        except DeflateDamaged as error:
            raise self.wheel.malformed(_DAMAGED, info.filename) from error

    def prove(self, sha256: bytes) -> None:
        """Raise WheelMalformed where RECORD has another hash of these bytes than ``sha256``."""
        if self.wheel.recorded.get(self.info.filename, sha256) != sha256:
            reason = "RECORD has another hash of it: it was changed after the wheel was made"
            raise self.wheel.malformed(reason, self.info.filename)

    def _find_data(self) -> None:
        """Move the wheel's file to the first compressed byte."""
        file = self.wheel.file
        file.seek(self.info.header_offset)
        header = file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
            raise self.wheel.malformed("its local header is damaged", self.info.filename)
        name, extra = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
        file.seek(name + extra, 1)


class _CheckedReader(io.RawIOBase):
    """The inflated bytes of a member; whatever a library says of damage becomes WheelMalformed."""

    def __init__(self, content: WheelContent, file: ZipExtFile) -> None:
        self._wheel, self._name, self._file = content.wheel, content.info.filename, file
        self._method = content.info.compress_type
        if self._method == _BZIP2:
            file.MIN_READ_SIZE = _READ_OF_BZIP2

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._read(len(buffer))
        except (BadZipFile, EOFError, zlib.error, lzma.LZMAError) as error:
            raise self._wheel.malformed(_DAMAGED, self._name) from error
        except OSError as error:
            # bz2 tells of damage by an OSError without a number; the disk's errors have one.
            if error.errno is not None:
                raise
            raise self._wheel.malformed(_DAMAGED, self._name) from error
        buffer[: len(data)] = data
        return len(data)

    def _read(self, count: int) -> bytes:
        if self._method in (_STORED, _DEFLATED):
            return self._file.read(count)
        if self._method != _BZIP2:
            return self._file.read(min(count, _READ_OF_LZMA))
        # To peek tells what is there without inflating more.
        first = self._file.read(1)
        return first + self._file.read(len(self._file.peek(1)[: count - 1]))

    def close(self) -> None:
        self._file.close()
        super().close()


def _is_of(folder: str, artifact: Artifact) -> bool:
    """Tell whether this ``.dist-info`` folder is that of a distribution, however it writes its name."""
    from packaging.utils import canonicalize_name, canonicalize_version

    name, _, version = folder.removesuffix(".dist-info").rpartition("-")
    # A dash in a version stands as an underscore in names of files.
    versions = (canonicalize_version(text.replace("_", "-")) for text in (version, artifact.version))
    return canonicalize_name(name) == canonicalize_name(artifact.name) and len(set(versions)) == 1


def _refusal(info: ZipInfo) -> str:
    """Return why no installer may unpack this member; nothing where it may."""
    if "\0" in info.orig_filename:
        return "its name holds a NUL"
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "it is neither a file nor a folder"
    return refused_path(info.filename.removesuffix("/"))


def refused_path(path: str) -> str:
    """Return why a relative path must not enter a layer; nothing where it may."""
    if path.startswith("/"):
        return "its name is absolute"
    names = path.split("/")
    if any(name in ("", ".", "..") for name in names):
        return "its name leads out of the environment"
    if any(name.startswith(".wh.") for name in names):
        return "its name would delete files of the layers below (.wh.)"
    return ""
