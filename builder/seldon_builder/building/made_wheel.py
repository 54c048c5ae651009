"""The wheel that a build made: strange code made it, so it is checked, and written anew to never vary."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from ..errors.building import OWN_WHEEL, BuildFailed, BuildImpossible
from ..layers.wheel_archive import READ_AT_MOST, refused_path
from ..layers.zip_bytes import open_zip
from ..target import Target
from .unpacking import LARGEST

_TIME = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1 << 20
_GLIBC = re.compile(rb"GLIBC_2\.(\d{1,3})\b")
_DAMAGED = (BadZipFile, EOFError, zlib.error, ValueError, NotImplementedError, csv.Error, KeyError)


def normalised(made: Path, place: Path, package: str) -> Path:
    """Write the wheel ``made`` into the folder ``place``: sorted, one time, nothing compressed.

    Another zlib may compress otherwise; the layers compress anyway. BuildFailed unless all its files are
    those of its RECORD.
    """
    wheel = place / made.name
    try:
        with open_zip(made) as archive, ZipFile(wheel, "w", ZIP_STORED) as output:
            _copy(archive, output, made.name)
    except _DAMAGED as error:
        reason = f"it made {made.name}, which is no wheel that can be trusted ({error})"
        raise BuildFailed(package, reason) from error
    return wheel


def checked_name(name: str, package: str) -> str:
    """Return the name of a wheel's file; BuildFailed where it is none."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        parse_wheel_filename(name)
    except InvalidWheelFilename as error:
        raise BuildFailed(package, f"it made {name[:80]!r}, which is not the name of a wheel") from error
    if "/" in name:
        raise BuildFailed(package, f"it made {name[:80]!r}, which is not beside the others")
    return name


def refuse_unfit(wheel: Path, target: Target, build: Target, package: str) -> None:
    """Raise BuildImpossible for a wheel that ``target`` cannot use, made on ``build``."""
    from packaging.utils import parse_wheel_filename

    fits = bool(parse_wheel_filename(wheel.name)[3] & set(target.tags))
    if not fits and build.architecture != target.architecture:
        reason = f"it is compiled ({wheel.name}), and this machine compiles for {build.platform} alone"
        raise BuildImpossible(package, f"{reason}, not for {target.platform}")
    if not fits:
        raise BuildFailed(package, f"it made {wheel.name}, which does not fit Python {target.python}")
    needed = _needed_glibc(wheel) if _minor(build.glibc) > _minor(target.glibc) else 0
    if needed > _minor(target.glibc):
        raise BuildImpossible(
            package,
            f"compiled here it needs glibc 2.{needed}, and the base image has {target.glibc}",
            hint=f"take a base image with a newer glibc; or {OWN_WHEEL}",
        )


def _copy(archive: ZipFile, output: ZipFile, filename: str) -> None:
    infos = {info.filename: info for info in archive.infolist() if not info.is_dir()}
    if len(infos) != len([info for info in archive.infolist() if not info.is_dir()]):
        raise ValueError("a file occurs twice")
    if sum(info.file_size for info in infos.values()) > LARGEST:
        raise ValueError(f"it unpacks to more than {LARGEST >> 30} GiB")
    record = _record_name(infos)
    listed = _listed(archive, record)
    rows = []
    for name in sorted(infos, key=lambda name: (".dist-info/" in name, name)):
        if reason := refused_path(name):
            raise ValueError(f"{name}: {reason}")
        if name == record:
            continue
        digest, size = _member(archive, output, infos[name])
        if listed.get(name, (digest, size)) != (digest, size) or name not in listed:
            raise ValueError(f"{name} is not what RECORD says")
        rows.append((name, digest, str(size)))
    _refuse_other_metadata(archive, record, filename)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([*rows, (record, "", "")])
    output.writestr(_entry(record, 0), text.getvalue())


def _record_name(names: Iterable[str]) -> str:
    found = [name for name in names if re.fullmatch(r"[^/]+\.dist-info/RECORD", name)]
    if len(found) != 1:
        raise ValueError("it has no RECORD")
    return found[0]


def _refuse_other_metadata(archive: ZipFile, record: str, filename: str) -> None:
    """Raise ValueError where it says that it is another distribution than the one its file is named after."""
    from email.parser import BytesHeaderParser

    from packaging.utils import canonicalize_name, canonicalize_version, parse_wheel_filename

    name, version = parse_wheel_filename(filename)[:2]
    headers = BytesHeaderParser().parsebytes(_small(archive, f"{record.partition('/')[0]}/METADATA"))
    said = str(headers.get("Name", "")), str(headers.get("Version", ""))
    if (canonicalize_name(said[0]), canonicalize_version(said[1])) != (name, canonicalize_version(version)):
        raise ValueError(f"its METADATA is of {' '.join(said)[:80]!r}")


def _small(archive: ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > READ_AT_MOST:
        raise ValueError(f"{name} is larger than {READ_AT_MOST >> 20} MiB")
    return archive.read(name)


def _listed(archive: ZipFile, record: str) -> dict[str, tuple[str, int]]:
    rows = csv.reader(io.StringIO(_small(archive, record).decode(), newline=""))
    return {row[0]: (row[1], int(row[2])) for row in rows if len(row) == 3 and row[1] and row[2]}


def _member(archive: ZipFile, output: ZipFile, info: ZipInfo) -> tuple[str, int]:
    """Copy a file; return its hash and size as RECORD spells them."""
    whole, size = hashlib.sha256(), 0
    entry = _entry(info.filename, info.external_attr >> 16)
    entry.file_size = info.file_size
    with archive.open(info) as content, output.open(entry, "w") as copy:
        while data := content.read(_CHUNK):
            whole.update(data)
            size += len(data)
            copy.write(data)
    return "sha256=" + base64.urlsafe_b64encode(whole.digest()).rstrip(b"=").decode(), size


def _entry(name: str, mode: int) -> ZipInfo:
    entry = ZipInfo(name, _TIME)
    entry.external_attr = (0o100755 if mode & 0o111 else 0o100644) << 16
    entry.create_system = 3
    return entry


def _needed_glibc(wheel: Path) -> int:
    """Return the newest minor version of glibc that a compiled file of ``wheel`` asks for."""
    newest = 0
    with ZipFile(wheel) as archive:
        for info in archive.infolist():
            with archive.open(info) as file:
                newest = max(newest, _glibc_of(file)) if file.read(4) == b"\x7fELF" else newest
    return newest


def _glibc_of(file: BinaryIO | object) -> int:
    newest, before = 0, b""
    while data := file.read(_CHUNK):  # type: ignore[union-attr]  # a zip's files are no BinaryIO to typeshed
        newest = max([newest, *(int(minor) for minor in _GLIBC.findall(before + data))])
        before = data[-16:]
    return newest


def _minor(glibc: str) -> int:
    return int(glibc.split(".")[1])
