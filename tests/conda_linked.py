"""Conda packages in a store, and what the image would hold of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seldon_builder.lock import CONDA, Artifact
from seldon_builder.prefix import DEPENDENCIES
from seldon_builder.store import Store
from seldon_plugins.conda.archive import open_package
from seldon_plugins.conda.linking import package_entries

from .conda_packages import CondaFile, CondaPackage, write

Files = Mapping[str, CondaFile | bytes | str]


def kept(store: Store, path: Path) -> Artifact:
    """Put a package of the disk into ``store``, as if it had been fetched."""
    content = path.read_bytes()
    name, version, _ = path.name.removesuffix(".conda").removesuffix(".tar.bz2").rsplit("-", 2)
    return Artifact(name, version, path.as_uri(), store.add(content), len(content), CONDA)


def made(store: Store, package: CondaPackage) -> Artifact:
    """Write a package and put it into ``store``."""
    return kept(store, write(store.root / "channel", package))


def linked(store: Store, artifact: Artifact, python: str = "3.12") -> dict[str, bytes | str]:
    """Return what the image holds of a package below the prefix: bytes of files, targets of links."""
    with open_package(store, artifact) as package:
        found: dict[str, bytes | str] = {}
        for entry in package_entries(package, artifact, python):
            path = entry.path.removeprefix(f"{DEPENDENCIES}/")
            found[path] = entry.content.open().read() if entry.content else entry.link
            assert not entry.content or len(found[path]) == entry.size
        return found
