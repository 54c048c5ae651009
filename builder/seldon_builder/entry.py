"""What a layer is made of before it is packed."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

USER = 8888
GROUP = 0


class Content(Protocol):
    """The bytes of a file, opened when they are needed."""

    def open(self) -> BinaryIO:
        """Open the bytes from their start."""


@dataclass(frozen=True)
class Bytes:
    """Content that is already in memory: for small generated files."""

    data: bytes

    def open(self) -> BinaryIO:
        """Open the bytes from their start."""
        return io.BytesIO(self.data)


@dataclass(frozen=True)
class OnDisk:
    """Content of a file of the host."""

    path: Path

    def open(self) -> BinaryIO:
        """Open the file; an OSError where it is gone."""
        return self.path.open("rb")


@dataclass(frozen=True)
class PartOfFile:
    """Content that is a part of a file, which stays open until the layer is packed; it fits in memory."""

    file: BinaryIO
    start: int
    size: int

    def open(self) -> BinaryIO:
        """Read the part."""
        return io.BytesIO(os.pread(self.file.fileno(), self.size, self.start))


@dataclass(frozen=True)
class Entry:
    """A folder (``content`` and ``link`` empty), file or symbolic link at an absolute path of the image.

    ``size`` in bytes must be what ``content`` yields. Owners are numbers: names never enter a layer.
    """

    path: str
    mode: int = 0o755
    size: int = 0
    content: Content | None = field(default=None, compare=False)
    link: str = ""
    user: int = USER
    group: int = GROUP


def folder(path: str, mode: int = 0o755) -> Entry:
    """Make the entry of a folder."""
    return Entry(path, mode)


def file(path: str, data: bytes, mode: int = 0o644) -> Entry:
    """Make the entry of a small generated file."""
    return Entry(path, mode, len(data), Bytes(data))


def link(path: str, target: str) -> Entry:
    """Make the entry of a symbolic link."""
    return Entry(path, 0o777, link=target)
