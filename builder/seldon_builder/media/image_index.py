"""Images of one model for several platforms, under one name."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..destination import Written
from ..digest import Digest
from ..image import MANIFEST, Image
from .manifests import INDEX


def index_of(images: Sequence[Image]) -> bytes:
    """Write the OCI index of ``images``, sorted by platform."""
    entries = [
        {
            "digest": str(image.digest),
            "mediaType": MANIFEST,
            "platform": {"architecture": image.architecture, "os": image.os},
            "size": len(image.manifest_bytes),
        }
        for image in sorted(images, key=lambda image: (image.os, image.architecture))
    ]
    document = {"manifests": entries, "mediaType": INDEX, "schemaVersion": 2}
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def summed(parts: Sequence[Written], where: str, index: bytes) -> Written:
    """Tell what was done for an index, from what was done for its images."""
    return Written(
        where,
        Digest.of(index),
        sum(part.layers_written for part in parts),
        sum(part.layers_reused for part in parts),
        sum(part.bytes_written for part in parts),
    )
