"""A read-only view of the model folder, after ignore rules."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

# Far above what a person writes, far below what hurts.
LARGEST_SETTINGS = 16 << 20


@dataclass(frozen=True)
class SourceFile:
    """One file, folder or symbolic link of the source.

    ``path`` is relative to the folder; ``link`` is the target of a symbolic link, else empty; ``mode`` the
    permission bits as they will stand in the image; ``size`` in bytes.
    """

    path: PurePosixPath
    mode: int
    size: int = 0
    link: str = ""
    is_folder: bool = False


@dataclass(frozen=True)
class Source:
    """The model folder: what of it takes part in a build, sorted by path."""

    root: Path
    files: tuple[SourceFile, ...]

    def has(self, path: str) -> bool:
        """Tell whether a regular file of this relative path takes part."""
        return self.find(path) is not None

    def find(self, path: str) -> SourceFile | None:
        """Return the regular file of this relative path, None where there is none."""
        wanted = PurePosixPath(path)
        return next((f for f in self.files if f.path == wanted and not f.is_folder and not f.link), None)

    def read(self, path: str) -> bytes:
        """Return the content of a file of the source, ignored ones too (``.s2i/environment``)."""
        return read_regular(self.root / path)


def read_regular(path: Path, largest: int = 0) -> bytes:
    """Return the content of a regular file; OSError, at once, for a pipe that nobody writes to.

    ``largest`` is how many bytes it may have, 0 for any number.
    """
    # Without it, opening a named pipe waits for a writer.
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        with open(file, "rb", closefd=False) as stream:  # a Path cannot open what is open
            content = stream.read(largest + 1 if largest else -1)
    finally:
        os.close(file)
    if largest and len(content) > largest:
        raise OSError(errno.EFBIG, f"it is larger than {largest >> 20} MiB", str(path))
    return content


def read_inside(root: Path, name: str) -> bytes:
    """Return what a file of settings below ``root`` holds; OSError where it is none, or lies elsewhere."""
    place = Path(os.path.realpath(root / name))
    if not place.is_relative_to(os.path.realpath(root)):
        raise OSError(errno.EXDEV, "it leads out of the model folder", name)
    return read_regular(place, LARGEST_SETTINGS)
