"""The exact artifacts that an image needs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .digest import Digest

# A wheel; the wheel of what the user develops, which changes with every edit; a package of a conda channel.
WHEEL, PROJECT, CONDA = "wheel", "project", "conda"


def canonical_name(name: str) -> str:
    """Normalise the name of a distribution (PEP 503); packaging.utils takes 20 ms to be imported."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class Artifact:
    """One wheel or conda package: where it is and what it must hash to.

    ``name`` is normalised (PEP 503); ``url`` never holds a user part, and is a ``file:`` URL for a local
    wheel; ``size`` in bytes, 0 until it was fetched; ``kind`` is ``WHEEL``, ``PROJECT`` or ``CONDA``.
    """

    name: str
    version: str
    url: str
    sha256: Digest
    size: int = 0
    kind: str = WHEEL

    @property
    def filename(self) -> str:
        """The file's name, the last part of the URL."""
        return self.url.rsplit("/", 1)[-1].partition("#")[0]

    @property
    def has_plain_name(self) -> bool:
        """Whether its file can lie in a folder under its name, which percent signs may make a path."""
        name = self.filename
        if "%" in name:
            from urllib.parse import unquote

            name = unquote(name)
        return name.isprintable() and "/" not in name and name not in ("", ".", "..")


@dataclass(frozen=True)
class Lock:
    """Exact artifacts for one target, in the order of their layers (bottom first).

    ``kind`` names who makes layers of it ("wheels", "conda"); ``engine`` who resolved it ("uv 0.13.8");
    ``python`` and ``platform`` what it was resolved for ("3.13", "linux/amd64"); ``inputs`` is the digest of
    all that was asked for, so that a lock which no longer matches is noticed; ``roots`` are the
    normalised names that the source itself asked for; ``variables`` what the environment sets at start.
    """

    kind: str
    engine: str
    python: str
    platform: str
    inputs: Digest
    artifacts: tuple[Artifact, ...]
    roots: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def own_python(self) -> Artifact | None:
        """The conda package of Python, where the lock brings its own; None where the base's is used."""
        return next((item for item in self.artifacts if item.kind == CONDA and item.name == "python"), None)

    def find(self, name: str) -> Artifact | None:
        """Return the artifact of this normalised name, None where the lock lacks it."""
        return next((artifact for artifact in self.artifacts if artifact.name == name), None)

    def with_artifacts(self, artifacts: tuple[Artifact, ...]) -> Lock:
        """Return this lock with other artifacts, or the same ones in another order."""
        return replace(self, artifacts=artifacts)


@dataclass(frozen=True)
class LockFile:
    """What a lock is written to beside the model: the file's name and its text."""

    name: str
    text: str
