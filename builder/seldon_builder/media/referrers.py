"""Documents that refer to an image: artifact manifests with a ``subject`` (OCI image specification 1.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..digest import Digest
from ..image import CREATED, MANIFEST, Attachment, Image

EMPTY = b"{}"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"


@dataclass(frozen=True)
class Referrer:
    """The manifest that ties ``attachment`` to ``image``; its bytes follow from the two."""

    image: Image
    attachment: Attachment

    @property
    def blobs(self) -> tuple[bytes, ...]:
        """What the manifest names: the document and the empty configuration."""
        return self.attachment.content, EMPTY

    @cached_property
    def manifest_bytes(self) -> bytes:
        """The manifest as stored."""
        document = {
            "annotations": {"org.opencontainers.image.created": CREATED},
            "artifactType": self.attachment.media_type,
            "config": _described(EMPTY_TYPE, EMPTY),
            "layers": [_described(self.attachment.media_type, self.attachment.content)],
            "mediaType": MANIFEST,
            "schemaVersion": 2,
            "subject": _described(MANIFEST, self.image.manifest_bytes),
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    @cached_property
    def digest(self) -> Digest:
        """The digest of the manifest."""
        return Digest.of(self.manifest_bytes)

    @property
    def descriptor(self) -> Mapping[str, Any]:
        """The entry of an index that lists this referrer."""
        return {
            "annotations": {"org.opencontainers.image.created": CREATED},
            "artifactType": self.attachment.media_type,
            **_described(MANIFEST, self.manifest_bytes),
        }


def referrers_of(image: Image) -> tuple[Referrer, ...]:
    """Return what refers to ``image``, in the order of its attachments."""
    return tuple(Referrer(image, attachment) for attachment in image.attachments)


def fallback_tag(digest: Digest) -> str:
    """Return the tag that lists the referrers of ``digest`` where a registry does not list them itself."""
    return str(digest).replace(":", "-")


def subject_of(manifest: bytes) -> str:
    """Return the digest that a manifest refers to; "" where it refers to none."""
    try:
        return str(json.loads(manifest)["subject"]["digest"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _described(media_type: str, content: bytes) -> dict[str, Any]:
    return {"digest": str(Digest.of(content)), "mediaType": media_type, "size": len(content)}
