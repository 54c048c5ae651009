"""Source archives of an index or a lock: fetched once, proven by their hash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..dependencies.fetch import fetch
from ..digest import Digest
from ..events import silent
from ..lock import Artifact, Lock
from ..package_index import PackageIndex
from ..store import Store


def fetched_archive(archive: Artifact, index: PackageIndex, store: Store) -> Path:
    """Return where the archive's bytes are in ``store``; ArtifactCorrupt where others come."""
    lock = Lock("wheels", "", "", "", Digest.of(b""), (replace(archive, size=0),))
    fetch(lock, index, store, silent)
    return store.blob(archive.sha256).path
