"""What a wheel is built of: a folder after its ignore rules, or a source archive."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from ..digest import Digest
from ..errors.building import BuildFailed
from ..errors.source import FileChanged
from ..events import silent
from ..layers.content_digests import content_digests, file_digest
from ..layers.packing import cache_key
from ..source import Source
from ..store import Store
from .build_system import FILE


class Material(Protocol):
    """What a wheel is built of."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def digest(self) -> Digest:
        """What decides its content."""

    def pyproject(self) -> bytes | None:
        """Return the content of its pyproject.toml, None where it has none."""

    def lay(self, folder: Path) -> None:
        """Write its files into an empty ``folder``."""


@dataclass(frozen=True)
class FolderMaterial:
    """A project's folder: what never enters an image takes no part in its wheel either."""

    source: Source
    store: Store
    name: str

    @cached_property
    def digest(self) -> Digest:
        """The digest of names, modes, links and contents."""
        files = self.source.files
        plain = [file for file in files if not file.link and not file.is_folder]
        contents = content_digests(self.source, plain, self.store, silent)
        read = {path: str(content.digest) for path, content in contents.items()}
        parts = (f"{file.path}\0{file.mode:o}\0{file.link}\0{read.get(file.path)}" for file in files)
        return cache_key("folder", *parts)

    def pyproject(self) -> bytes | None:
        """Return the content of its pyproject.toml, None where it has none."""
        return self.source.read(FILE) if self.source.has(FILE) else None

    def lay(self, folder: Path) -> None:
        """Copy its files, with modes that no umask changes; hard links would let a build write to them."""
        for file in self.source.files:
            place = folder / file.path
            if file.is_folder:
                place.mkdir(parents=True, exist_ok=True)
                place.chmod(0o755)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            if file.link:
                place.symlink_to(file.link)
                continue
            try:
                shutil.copyfile(self.source.root / file.path, place, follow_symlinks=False)
            except OSError as error:
                raise FileChanged(str(file.path)) from error
            place.chmod(0o755 if file.mode & 0o111 else 0o644)


@dataclass(frozen=True)
class ArchiveMaterial:
    """A source archive; its digest is that of its bytes."""

    path: Path
    store: Store
    name: str

    @cached_property
    def digest(self) -> Digest:
        """The digest of the archive."""
        if not self.path.is_file():
            raise BuildFailed(self.name, f"{self.path} is not a file")
        return cache_key("archive", file_digest(self.path, self.store).hex)

    def pyproject(self) -> bytes | None:
        """Return the content of its pyproject.toml, None where it has none."""
        from .unpacking import read_member

        return read_member(self.path, FILE, self.name)

    def lay(self, folder: Path) -> None:
        """Unpack what is in its one folder."""
        from .unpacking import unpack_archive

        unpack_archive(self.path, folder, self.name)


def material_of(place: str, name: str, store: Store) -> Material:
    """Return the material at an absolute path; BuildFailed where nothing is there that could be built."""
    path = Path(place)
    if not path.is_dir():
        return ArchiveMaterial(path, store, name)
    from ..inputs.source_reading import read_source

    source = read_source(path, silent)
    if not any(source.has(file) for file in (FILE, "setup.py")):
        found = ", ".join(sorted(str(file.path) for file in source.files[:5]))
        raise BuildFailed(
            name,
            f"{path} has neither a {FILE} nor a setup.py that takes part (found: {found})",
            hint="add one of them; ignore files may leave it out (docs/source.md)",
        )
    return FolderMaterial(source, store, name)
