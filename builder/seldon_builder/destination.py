"""Where a finished image goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from .connections import Connections
from .digest import Digest
from .image import Image
from .reference import Reference


@dataclass(frozen=True)
class Output:
    """What the user asked for: a kind ("docker", "oci", "archive", "registry"), its path, the image's name.

    ``insecure`` allows plain http to the registry of ``reference``; localhost needs no permission.
    ``connections`` tells how to reach registries and the Docker engine.
    """

    kind: str
    reference: Reference
    path: str = ""
    insecure: bool = False
    connections: Connections = field(default_factory=Connections)

    def __str__(self) -> str:
        return f"{self.kind}:{self.path}" if self.path else self.kind


@dataclass(frozen=True)
class Written:
    """What a destination did: where the image now is, how much moved and how much was there already.

    ``layers_reused`` and ``layers_written`` count layers, ``bytes_written`` what was really sent.
    """

    where: str
    digest: Digest
    layers_written: int
    layers_reused: int
    bytes_written: int


@runtime_checkable
class IndexDestination(Protocol):
    """A destination that also takes one name for images of several platforms."""

    def write(self, image: Image) -> Written:
        """Write ``image`` and name it."""

    def write_all(self, images: Sequence[Image]) -> Written:
        """Write ``images`` and name the index of them, whose digest is that of the result."""


class Destination(Protocol):
    """A daemon, OCI layout, archive or registry."""

    def write(self, image: Image) -> Written:
        """Write ``image`` and name it; whatever is half-written when this fails is never trusted."""
