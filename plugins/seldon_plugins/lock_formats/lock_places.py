"""What a lock file names by place: files and folders beside it, repositories, archives behind URLs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from seldon_builder.dependencies.file_url import path_of
from seldon_builder.dependencies.url_credentials import UrlInvalid, checked_index, masked, split_credentials
from seldon_builder.detection import Requirement
from seldon_builder.errors.resolution import BadLine, PackageWithoutWheel
from seldon_builder.lock import canonical_name
from seldon_builder.package_index import IndexCredential

from .lock_reading import Written, filename_of


@dataclass
class Places:
    """Tells what can be used of the places that one lock file names, and keeps what cannot."""

    written: Written
    outside: list[BadLine] = field(default_factory=list)

    def url(self, name: str, url: str, path: str = "") -> str:
        """Return where a file is that a lock names by ``url`` or, beside it, by ``path``."""
        if url and not url.startswith("file:"):
            return url
        return self.file(name, str(path_of(url)) if url else path)

    def file(self, name: str, path: str) -> str:
        """Return the URL of a file beside the lock; LockUnreadable where there is none."""
        found = self._inside(path)
        if found is None or not found.is_file():
            where = "lies outside the model folder" if found is None else "is not there"
            raise self.written.unreadable(f"the file {path} of {name} {where}")
        return found.as_uri()

    def project(self, name: str, folder: str, marker: str = "") -> list[Requirement]:
        """Return the requirement of a folder whose wheel is built; none where it cannot be."""
        found = self._inside(folder)
        if found is None:
            reason = f"its folder {folder} lies outside the model folder"
            self.outside.append(BadLine(self.written.path, name, reason))
            return []
        if not found.is_dir():
            raise self.written.unreadable(f"the folder {folder} of {name} is not there")
        line = f"{canonical_name(name)} @ {found.as_uri()}" + (f" ; {marker}" if marker else "")
        return [Requirement(line, self.written.path, build=str(found))]

    def repository(self, name: str, kind: str, place: str, commit: str, marker: str = "") -> Requirement:
        """Return the requirement of a repository, which ends in an error where it is needed."""
        url = masked(place if "://" in place else f"file:///{place.lstrip('/')}").replace(" ", "%20")
        line = f"{canonical_name(name)} @ {kind}+{url}@{commit}" + (f" ; {marker}" if marker else "")
        return Requirement(line, self.written.path)

    def version_of(self, name: str, place: str) -> str:
        """Return the version that the name of a file tells."""
        filename = filename_of(place)
        try:
            if filename.endswith(".whl"):
                return str(parse_wheel_filename(filename)[1])
            return str(parse_sdist_filename(filename)[1])
        except (InvalidWheelFilename, InvalidSdistFilename) as error:
            reason = f"{name} has no version, and neither has the name of its file, {filename!r}"
            raise self.written.unreadable(reason) from error

    def index(self, url: str) -> tuple[str, tuple[IndexCredential, ...]]:
        """Take the user part off the URL of an index."""
        try:
            bare, credential = split_credentials(checked_index(url))
        except UrlInvalid as error:
            raise self.written.unreadable(f"an index: {error}") from None
        return bare, (credential,) if credential else ()

    def check(self) -> None:
        """PackageWithoutWheel where folders lie where nobody else has them."""
        if self.outside:
            raise PackageWithoutWheel(self.outside)

    def _inside(self, path: str) -> Path | None:
        root = self.written.source.root.resolve()
        found = (root / path).resolve()
        return found if found.is_relative_to(root) else None
