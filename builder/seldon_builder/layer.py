"""One filesystem layer, packed reproducibly."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import BinaryIO, Protocol

from .digest import Digest
from .reference import Reference

GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PLAIN_LAYER = "application/vnd.oci.image.layer.v1.tar"


class BlobSource(Protocol):
    """Where the bytes of a blob can be had, as often as asked."""

    def open(self) -> BinaryIO:
        """Open the blob's compressed bytes from their start."""


class LayerKind(Enum):
    """The floors of an image, from what changes least to what changes most."""

    BASE = "base"
    INTERPRETER = "interpreter"
    DEPENDENCIES = "dependencies"
    BYTECODE = "bytecode"
    RUNTIME = "runtime"
    WEIGHTS = "weights"
    APP = "app"
    SBOM = "sbom"
    CONFIG = "config"


@dataclass(frozen=True)
class Layer:
    """A blob in an image: digest and size as stored, diff id and size as unpacked tar.

    ``created_by`` is its history line. ``reused`` tells whether the store had it; ``repository`` where a
    registry may mount it from. Neither takes part in equality: they say nothing about the bytes.
    """

    digest: Digest
    diff_id: Digest
    size: int
    unpacked_size: int
    kind: LayerKind
    created_by: str
    media_type: str = GZIP_LAYER
    source: BlobSource | None = field(default=None, compare=False, repr=False)
    reused: bool = field(default=False, compare=False)
    repository: Reference | None = field(default=None, compare=False)

    def open(self) -> BinaryIO:
        """Open the blob's bytes as stored (compressed); whoever reads them checks the digest."""
        assert self.source is not None, f"layer {self.digest} was made without a source"
        return self.source.open()

    def with_source(self, source: BlobSource) -> Layer:
        """Return this layer with its bytes elsewhere."""
        return replace(self, source=source)
