"""A read-only view of the model folder, after ignore rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath


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
        return (self.root / path).read_bytes()
