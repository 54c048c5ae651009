"""An immutable image: layers and a config; its digest is computed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from .digest import Digest
from .layer import Layer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
# The moment that the CNB lifecycle gives to every file and image.
CREATED = "1980-01-01T00:00:01Z"
EPOCH = 315532801


@dataclass(frozen=True)
class Attachment:
    """A document about an image, such as its bill of materials: beside it, no part of its digest."""

    media_type: str
    content: bytes


@dataclass(frozen=True)
class Image:
    """Layers, bottom first, and what the config says beside them.

    ``config`` is the ``config`` object of the OCI image configuration (Env, Entrypoint, Labels ...);
    the rest of the configuration (rootfs, history) follows from the layers. ``attachments`` are written
    where the destination has a place for them.
    """

    architecture: str
    layers: tuple[Layer, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    created: str = CREATED
    os: str = "linux"
    variant: str = ""
    attachments: tuple[Attachment, ...] = ()

    def with_layers(self, *layers: Layer) -> Image:
        """Put ``layers`` on top, in this order."""
        return replace(self, layers=(*self.layers, *layers))

    def with_config(self, **values: object) -> Image:
        """Set top-level keys of the config; a value of None removes its key."""
        merged = {**self.config, **values}
        return replace(self, config={key: value for key, value in merged.items() if value is not None})

    @property
    def environment(self) -> dict[str, str]:
        """The config's variables."""
        return dict(pair.split("=", 1) for pair in self.config.get("Env") or () if "=" in pair)

    @property
    def labels(self) -> dict[str, str]:
        """The config's labels."""
        return dict(self.config.get("Labels") or {})

    @cached_property
    def config_bytes(self) -> bytes:
        """The image configuration as stored: JSON of sorted keys, one history entry per layer."""
        document = {
            "architecture": self.architecture,
            "config": self.config,
            "created": self.created,
            "history": [{"created": self.created, "created_by": layer.created_by} for layer in self.layers],
            "os": self.os,
            "rootfs": {"diff_ids": [str(layer.diff_id) for layer in self.layers], "type": "layers"},
        }
        if self.variant:
            document["variant"] = self.variant
        return _canonical(document)

    @cached_property
    def manifest_bytes(self) -> bytes:
        """The OCI manifest as stored."""
        document: dict[str, Any] = {
            "config": {
                "digest": str(self.config_digest),
                "mediaType": CONFIG,
                "size": len(self.config_bytes),
            },
            "layers": [
                {"digest": str(layer.digest), "mediaType": layer.media_type, "size": layer.size}
                for layer in self.layers
            ],
            "mediaType": MANIFEST,
            "schemaVersion": 2,
        }
        if self.annotations:
            document["annotations"] = dict(self.annotations)
        return _canonical(document)

    @cached_property
    def config_digest(self) -> Digest:
        """The digest of the configuration: what a Docker daemon calls the image id."""
        return Digest.of(self.config_bytes)

    @cached_property
    def digest(self) -> Digest:
        """The digest of the manifest: what a registry calls the image."""
        return Digest.of(self.manifest_bytes)


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
