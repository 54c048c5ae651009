"""Zip files of strangers: opened so that what they say of themselves takes no memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

# Zipfile reads the whole directory at once, of the size that the file itself tells: a hole of gigabytes will
# do. Those of the largest wheels have 2 MiB.
LARGEST_DIRECTORY = 16 << 20


class ZipBytes(FileIO):
    """The bytes of a zip, of which nothing larger than a directory is read at once; else BadZipFile."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next ``size`` bytes."""
        if size is not None and size > LARGEST_DIRECTORY:
            raise BadZipFile(f"its directory is larger than {LARGEST_DIRECTORY >> 20} MiB")
        return super().read(-1 if size is None else size) or b""


@contextmanager
def open_zip(path: Path) -> Iterator[ZipFile]:
    """Open a zip; BadZipFile where it is none, or its directory is too large."""
    with ZipBytes(path) as file, ZipFile(file) as archive:
        yield archive
