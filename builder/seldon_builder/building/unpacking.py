"""Source archives: unpacked so that nothing leaves the folder, whatever their names say."""

from __future__ import annotations

import shutil
import stat
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast
from zipfile import BadZipFile, ZipInfo

from ..errors.building import BuildFailed
from ..layers.wheel_archive import READ_AT_MOST, refused_path
from ..layers.zip_bytes import open_zip

LARGEST = 8 << 30
MOST_MEMBERS = 200_000
_DAMAGED = (tarfile.TarError, BadZipFile, EOFError, OSError, zlib.error, ValueError, NotImplementedError)


def read_member(path: Path, name: str, package: str) -> bytes | None:
    """Return the file ``name`` of the archive's one folder, None where there is none."""
    with _explained(package):
        if _is_zip(path):
            with open_zip(path) as archive:
                inside = [info for info in archive.infolist() if _below_top(info.filename) == name]
                return _bounded(archive.open(inside[0])) if inside else None
        with tarfile.open(path) as tar:
            for member in tar:
                if _below_top(member.name) == name and member.isfile():
                    return _bounded(cast(IO[bytes], tar.extractfile(member)))
    return None


def unpack_archive(path: Path, folder: Path, package: str) -> None:
    """Unpack what lies in the archive's one folder into ``folder``; else BuildFailed."""
    unpacked = folder.with_name(f"{folder.name}.unpacked")
    unpacked.mkdir()
    with _explained(package):
        if _is_zip(path):
            _unpack_zip(path, unpacked)
        else:
            _unpack_tar(path, unpacked)
    tops = list(unpacked.iterdir())
    if len(tops) != 1 or tops[0].is_symlink() or not tops[0].is_dir():
        raise BuildFailed(package, "its archive does not hold one folder, as a source archive does")
    folder.rmdir()
    tops[0].rename(folder)
    unpacked.rmdir()


def _unpack_tar(path: Path, folder: Path) -> None:
    with tarfile.open(path) as tar:
        total = 0
        for count, member in enumerate(tar):
            total += member.size
            _refuse_bomb(count, total)
            # Refuses absolute names, those that lead out, such links and devices; drops owners.
            tar.extract(member, folder, filter="data")


def _unpack_zip(path: Path, folder: Path) -> None:
    with open_zip(path) as archive:
        infos = archive.infolist()
        _refuse_bomb(len(infos), sum(info.file_size for info in infos))
        for info in infos:
            _refuse_member(info)
            place = folder / info.filename
            if info.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as content, place.open("xb") as file:
                shutil.copyfileobj(content, file)
            place.chmod(0o755 if info.external_attr >> 16 & 0o111 else 0o644)


def _refuse_member(info: ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ValueError(f"{info.filename} is neither a file nor a folder")
    if reason := refused_path(info.filename.removesuffix("/")):
        raise ValueError(f"{info.filename}: {reason}")


def _refuse_bomb(count: int, total: int) -> None:
    if count > MOST_MEMBERS or total > LARGEST:
        raise ValueError(f"it unpacks to more than {MOST_MEMBERS} files or {LARGEST >> 30} GiB")


def _below_top(name: str) -> str:
    return name.removeprefix("./").partition("/")[2]


def _bounded(file: IO[bytes]) -> bytes:
    with file:
        content = file.read(READ_AT_MOST + 1)
    if len(content) > READ_AT_MOST:
        raise ValueError(f"its settings are larger than {READ_AT_MOST >> 20} MiB")
    return content


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


@contextmanager
def _explained(package: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        reason = str(error) or type(error).__name__
        raise BuildFailed(package, f"its archive cannot be unpacked ({reason})") from error
