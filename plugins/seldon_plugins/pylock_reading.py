"""Read pylock.toml (PEP 751), whichever tool wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from packaging.pylock import (
    Package,
    PackageArchive,
    PackageSdist,
    PackageWheel,
    Pylock,
    PylockUnsupportedVersionError,
    PylockValidationError,
)
from seldon_builder.dependencies.url_credentials import UrlInvalid
from seldon_builder.dependencies.written_lock import LockedFor
from seldon_builder.detection import Detection, Requirement
from seldon_builder.lock import Artifact
from seldon_builder.package_index import IndexPin, PackageIndex

from .lock_markers import left_of
from .lock_places import Places
from .lock_reading import Chosen, Written, artifact, is_public

_File = PackageWheel | PackageSdist | PackageArchive


def read_pylock(written: Written, chosen: Chosen, claim: Detection) -> Detection:
    """Fill ``claim`` with what a file of PEP 751 says."""
    document = parsed(written, written.toml())
    groups, extras = document.dependency_groups or (), document.extras or ()
    chosen.check(written, groups, extras)
    chosen = replace(chosen, groups=chosen.groups | frozenset(document.default_groups or ()))
    return filled(written, document, chosen, claim)


def parsed(written: Written, content: Mapping[str, Any]) -> Pylock:
    """Return ``content`` as what PEP 751 says; LockUnreadable where it is not."""
    try:
        return Pylock.from_dict(content)
    except PylockUnsupportedVersionError as error:
        version = str(content.get("lock-version"))[:20]
        raise written.unreadable(f"it is of lock-version {version!r}; 1.0 is known") from error
    except PylockValidationError as error:
        raise written.unreadable(f"it is not what PEP 751 says: {error}") from error
    except RecursionError:
        raise written.unreadable("a marker is nested too deep") from None


def filled(written: Written, document: Pylock, chosen: Chosen, claim: Detection) -> Detection:
    """Return ``claim`` with the packages of ``document`` as pins and files."""
    reading = _Reading(written, Places(written))
    for package in document.packages:
        marker = left_of(str(package.marker), chosen) if package.marker else ""
        if marker is not None:
            reading.take(package, marker)
    reading.places.check()
    environments = tuple(map(str, document.environments or ()))
    return replace(
        claim,
        requirements=tuple(reading.requirements),
        artifacts=tuple(dict.fromkeys(reading.artifacts)),
        index=reading.index,
        requires_python=str(document.requires_python or ""),
        environment=LockedFor(written.path, written.command, environments),
        is_complete=True,
    )


@dataclass
class _Reading:
    """What has been read so far, over all packages."""

    written: Written
    places: Places
    requirements: list[Requirement] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    index: PackageIndex = field(default_factory=PackageIndex)

    def take(self, package: Package, marker: str) -> None:
        """Add one package, which is needed where ``marker`` holds."""
        if package.vcs:
            place = package.vcs.url or package.vcs.path or ""
            self.requirements.append(
                self.places.repository(package.name, package.vcs.type, place, package.vcs.commit_id, marker)
            )
        elif package.directory:
            subfolder = package.directory.subdirectory or ""
            place = f"{package.directory.path}/{subfolder}" if subfolder else package.directory.path
            self.requirements += self.places.project(package.name, place, marker)
        else:
            self._files(package, marker)

    def _files(self, package: Package, marker: str) -> None:
        listed = (*(package.wheels or ()), package.sdist, package.archive)
        files = [file for file in listed if file is not None]
        place = files[0].url or files[0].path or ""
        version = str(package.version or self.places.version_of(package.name, place))
        found = [item for file in files if (item := self._artifact(package.name, version, file))]
        hashes = [f"{kind}:{value}" for file in files for kind, value in file.hashes.items()]
        # The files have their own hashes: in the pin they would only make a long line longer.
        self.requirements.append(self.written.pin(package.name, version, marker, () if found else hashes))
        self.artifacts += found
        if package.index and not is_public(package.index):
            self._pinned(package.name, package.index)

    def _artifact(self, name: str, version: str, file: _File) -> Artifact | None:
        digest = file.hashes.get("sha256")
        if not digest:
            return None
        url = file.url or self.places.file(name, file.path or "")
        try:
            found, credentials = artifact(name, version, url, f"sha256:{digest.lower()}")
        except UrlInvalid as error:
            raise self.written.unreadable(f"a URL of {name}: {error}") from None
        except ValueError as error:
            raise self.written.unreadable(f"a hash of {name}: {error}") from None
        self.index = replace(self.index, credentials=(*self.index.credentials, *credentials))
        return found

    def _pinned(self, name: str, url: str) -> None:
        bare, credentials = self.places.index(url)
        if "://" in bare:
            known = PackageIndex(pins=(IndexPin(name, bare),), credentials=credentials)
            self.index = self.index.merged(known)
