"""The exact artifacts that an image needs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .digest import Digest


def canonical_name(name: str) -> str:
    """Normalise the name of a distribution (PEP 503); packaging.utils takes 20 ms to be imported."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class Artifact:
    """One wheel (or conda package): where it is and what it must hash to.

    ``name`` is normalised (PEP 503); ``url`` never holds a user part, and is a ``file:`` URL for a local
    wheel; ``size`` in bytes, 0 until it was fetched.
    """

    name: str
    version: str
    url: str
    sha256: Digest
    size: int = 0

    @property
    def filename(self) -> str:
        """The file's name, the last part of the URL."""
        return self.url.rsplit("/", 1)[-1].partition("#")[0]


@dataclass(frozen=True)
class Lock:
    """Exact artifacts for one target, in the order of their layers (bottom first).

    ``kind`` names who makes layers of it ("wheels"); ``engine`` who resolved it ("uv 0.13.8");
    ``python`` and ``platform`` what it was resolved for ("3.13", "linux/amd64"); ``inputs`` is the digest of
    all that was asked for, so that a lock which no longer matches is noticed; ``roots`` are the
    normalised names that the source itself asked for.
    """

    kind: str
    engine: str
    python: str
    platform: str
    inputs: Digest
    artifacts: tuple[Artifact, ...]
    roots: tuple[str, ...] = ()

    def find(self, name: str) -> Artifact | None:
        """Return the artifact of this normalised name, None where the lock lacks it."""
        return next((artifact for artifact in self.artifacts if artifact.name == name), None)

    def with_artifacts(self, artifacts: tuple[Artifact, ...]) -> Lock:
        """Return this lock with other artifacts, or the same ones in another order."""
        return replace(self, artifacts=artifacts)
