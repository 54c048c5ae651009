"""Conda's packages as a lock names them, and how those of which only an md5 is known become proven."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from seldon_builder.dependencies.file_url import path_of
from seldon_builder.digest import Digest
from seldon_builder.errors.resolution import ArtifactCorrupt, OfflineMissing
from seldon_builder.lock import CONDA, Artifact
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import BlobWriter, Store

if TYPE_CHECKING:
    from rattler import RepoDataRecord
    from seldon_builder.dependencies.download import Downloads

RECORD = "conda-urls"
ENDINGS = (".conda", ".tar.bz2")
_CHUNK = 1 << 18


class PackageUnreadable(ValueError):
    """A URL is not that of a package of conda."""


@dataclass(frozen=True)
class Listed:
    """A package as a lock or a list names it; of the hashes at least one, if it names any."""

    name: str
    version: str
    url: str
    sha256: str = ""
    md5: str = ""

    @property
    def subdir(self) -> str:
        """The folder of the channel that it lies in."""
        return subdir_of_url(self.url)


def listed(url: str, sha256: str = "", md5: str = "") -> Listed:
    """Read name and version off the URL of a package."""
    filename = unquote(urlsplit(url).path.rpartition("/")[2])
    stem = next((filename.removesuffix(end) for end in ENDINGS if filename.endswith(end)), "")
    name, _, version = stem.rpartition("-")[0].rpartition("-")
    if not name or not version:
        raise PackageUnreadable("it does not end in <name>-<version>-<build>.conda or .tar.bz2")
    return Listed(name.lower(), version, url, sha256, md5)


def subdir_of_url(url: str) -> str:
    """Return the folder of a channel that a package's URL lies in: ``linux-64``, ``noarch``."""
    return urlsplit(url).path.split("/")[-2] if url.count("/") > 1 else ""


def artifact_of(record: RepoDataRecord, index: PackageIndex, store: Store) -> Artifact:
    """Return what the solver chose; channels of old know no sha256, so it is fetched to take it."""
    name, version, url = record.name.normalized, str(record.version), str(record.url)
    sha256 = record.sha256.hex() if record.sha256 else ""
    if sha256:
        return Artifact(name, version, url, Digest(sha256), kind=CONDA)
    md5 = record.md5.hex() if record.md5 else ""
    return proven([Listed(name, version, url, "", md5)], index, store)[0]


def proven(packages: Sequence[Listed], index: PackageIndex, store: Store) -> tuple[Artifact, ...]:
    """Return the artifacts of ``packages``; what has no sha256 is fetched, and held to its md5."""
    from seldon_builder.dependencies.download import Downloads

    with closing(Downloads(index)) as downloads:
        return tuple(
            Artifact(item.name, item.version, item.url, _digest(item, index, store, downloads), kind=CONDA)
            for item in packages
        )


def _digest(item: Listed, index: PackageIndex, store: Store, downloads: Downloads) -> Digest:
    if item.sha256:
        return Digest(item.sha256)
    key = Digest.of(f"{item.url}#{item.md5}".encode())
    if known := store.record(RECORD, key):
        digest = Digest(known["sha256"])
        if index.offline or store.has(digest):
            return digest
    if index.offline and not item.url.startswith("file:"):
        raise OfflineMissing([f"{item.name} {item.version}"])
    with store.writer() as writer:
        found = _fetched(item, writer, downloads)
        if item.md5 and found != item.md5:
            raise ArtifactCorrupt(item.url, f"md5 {item.md5}", f"md5 {found}")
        digest = writer.commit()
    store.keep(RECORD, key, {"sha256": digest.hex})
    return digest


def _fetched(item: Listed, writer: BlobWriter, downloads: Downloads) -> str:
    from seldon_builder.dependencies.download import Received

    # Not to keep secrets: it is all that old channels know of their packages.
    md5 = hashlib.md5(usedforsecurity=False)

    def write(data: bytes) -> None:
        writer.write(data)
        md5.update(data)

    if not item.url.startswith("file:"):
        downloads.get(item.url, Received(write, lambda _: None))
        return md5.hexdigest()
    try:
        with path_of(item.url).open("rb") as file:
            while data := file.read(_CHUNK):
                write(data)
    except OSError as error:
        raise OfflineMissing([str(path_of(item.url))]) from error
    return md5.hexdigest()
