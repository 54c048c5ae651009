"""The pins that a lock file becomes, whichever tool wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from seldon_builder.dependencies.url_credentials import UrlInvalid
from seldon_builder.dependencies.written_lock import LockedFor
from seldon_builder.detection import Detection, Requirement
from seldon_builder.lock import Artifact, canonical_name
from seldon_builder.package_index import IndexPin, PackageIndex
from seldon_builder.source import Source

from .lock_places import Places
from .lock_reading import Written, artifact, filename_of, is_public


@dataclass
class Pins:
    """What has been taken of one lock file so far."""

    written: Written
    requirements: list[Requirement] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    index: PackageIndex = field(default_factory=PackageIndex)
    environments: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.places = Places(self.written)

    def pin(self, name: str, version: str, marker: str, hashes: Sequence[str], index: str = "") -> None:
        """Add a package of an index, by its hashes; ``index`` is the one that alone has it."""
        self.requirements.append(self.written.pin(name, version, marker, hashes))
        self.pinned(name, index)

    def pinned(self, name: str, index: str) -> None:
        """Take ``name`` from this index alone; the public one needs no such word."""
        if "://" in index and not index.startswith("file:") and not is_public(index):
            bare, credentials = self.places.index(index)
            pin = IndexPin(canonical_name(name), bare)
            self.index = self.index.merged(PackageIndex(pins=(pin,), credentials=credentials))

    def files(self, name: str, version: str, marker: str, files: Sequence[tuple[str, str]]) -> None:
        """Add a package of which the lock names the files: their URLs and hashes."""
        known = [item for url, digest in files if (item := self._artifact(name, version, url, digest))]
        hashes = () if known else [digest for _, digest in files]
        # The files have their own hashes: in the pin they would only make a long line longer.
        self.requirements.append(self.written.pin(name, version, marker, hashes))
        self.artifacts += known

    def file(self, name: str, version: str, marker: str, place: str, hashes: Sequence[str]) -> None:
        """Add a package of one file, beside the lock or behind a URL."""
        taken = self.written.hashes(name, hashes)
        if not taken:
            raise self.written.unreadable(f"the file {filename_of(place)} of {name} has no hash")
        url = self.places.url(name, place) if "://" in place else self.places.file(name, place)
        version = version or self.places.version_of(name, url)
        self.files(name, version, marker, [(url, digest) for digest in taken])

    def project(self, name: str, folder: str, marker: str) -> None:
        """Add a package that is a folder of the model."""
        self.requirements += self.places.project(name, folder, marker)

    def own(self, source: Source) -> str:
        """Add the project itself where it has something to install, and say which rule applied."""
        from ..projects.project_files import read_files
        from ..projects.project_metadata import installing_of, project_name

        files = read_files(source)
        found = installing_of(files)
        if not found.wanted:
            return f"only its dependencies are taken: {found.reason}"
        self.project(project_name(files) or "project", ".", "")
        return f"the project is installed: {found.reason}"

    def repository(self, name: str, kind: str, place: str, commit: str, marker: str) -> None:
        """Add a package of a repository, which is an error where it is needed."""
        self.requirements.append(self.places.repository(name, kind, place, commit, marker))

    def detection(self, claim: Detection) -> Detection:
        """Return ``claim`` with all that was taken; PackageWithoutWheel names folders of elsewhere."""
        self.places.check()
        return replace(
            claim,
            requirements=tuple(dict.fromkeys(self.requirements)),
            artifacts=tuple(dict.fromkeys(self.artifacts)),
            index=self.index,
            environment=LockedFor(self.written.path, self.written.command, tuple(self.environments)),
            is_complete=True,
        )

    def _artifact(self, name: str, version: str, url: str, digest: str) -> Artifact | None:
        if not digest.startswith("sha256:"):
            return None
        try:
            found, credentials = artifact(name, version, url, digest.lower())
        except UrlInvalid as error:
            raise self.written.unreadable(f"a URL of {name}: {error}") from None
        except ValueError as error:
            raise self.written.unreadable(f"a hash of {name}: {error}") from None
        self.index = replace(self.index, credentials=(*self.index.credentials, *credentials))
        return found
