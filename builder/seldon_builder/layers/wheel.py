"""From stored wheels straight to a layer: nothing is unpacked to disk.

The layer depends on the wheels, the Python minor version, the prefix and the layout version, and on nothing
else, so two models that share a wheel share its blob.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..digest import Digest
from ..layer import Layer, LayerKind
from ..lock import Artifact
from ..prefix import DEPENDENCIES
from ..store import BlobWriter, Store
from ..target import Target
from .packing import cache_key


def wheel_layer(store: Store, artifacts: Sequence[Artifact], target: Target, created_by: str) -> Layer:
    """Return the layer that holds ``artifacts``; where two hold the same file, the later one has it."""

    def pack(writer: BlobWriter) -> tuple[Digest, int]:
        from .wheel_content import write_wheels

        return write_wheels(writer, store, artifacts, target.python)

    return store.layer(wheels_key(artifacts, target.python), LayerKind.DEPENDENCIES, created_by, pack)


def wheels_key(artifacts: Sequence[Artifact], python: str) -> Digest:
    """Digest what decides the bytes of the layer of ``artifacts``."""
    return cache_key("wheels", python, DEPENDENCIES, *(artifact.sha256.hex for artifact in artifacts))
