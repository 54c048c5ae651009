"""Reading what others wrote: indexes, manifests and configs of OCI and Docker, as images of ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..digest import Digest
from ..image import MANIFEST, Image
from ..layer import GZIP_LAYER, PLAIN_LAYER, BlobSource, Layer, LayerKind
from ..reference import Reference

INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
READABLE = (MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_INDEX)
BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"
# Registries refuse manifests that mix the two vocabularies; the bytes of such layers are the same.
_AS_OCI = {
    "application/vnd.docker.image.rootfs.diff.tar.gzip": GZIP_LAYER,
    "application/vnd.docker.image.rootfs.diff.tar": PLAIN_LAYER,
}


class Malformed(Exception):
    """A document lacks what its kind must have; whoever read it knows which error that is."""


@dataclass(frozen=True)
class Descriptor:
    """What a document says of another blob: digest, size, type; ``platform`` such as ``linux/arm64``."""

    digest: Digest
    size: int
    media_type: str
    platform: str = ""
    tag: str = ""

    @classmethod
    def parse(cls, value: object) -> Descriptor:
        """Read a descriptor object; Malformed where it is none."""
        try:
            assert isinstance(value, Mapping)
            platform = value.get("platform") or {}
            name = "/".join(filter(None, (platform.get("os"), platform.get("architecture"))))
            tag = (value.get("annotations") or {}).get("org.opencontainers.image.ref.name", "")
            return cls(
                Digest.parse(value["digest"]), int(value["size"]), str(value["mediaType"]), name, str(tag)
            )
        except (AssertionError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise Malformed(f"a descriptor in it is malformed ({error})") from error


def document_of(body: bytes) -> Mapping[str, Any]:
    """Read a JSON object; Malformed where the bytes are none."""
    try:
        found = json.loads(body)
    except ValueError as error:
        raise Malformed("it is not JSON") from error
    if not isinstance(found, dict):
        raise Malformed("it is not a JSON object")
    return found


def children(document: Mapping[str, Any]) -> tuple[Descriptor, ...] | None:
    """Return the manifests of an index, None for a document that is no index."""
    if "manifests" not in document:
        return None
    found = document["manifests"]
    return tuple(Descriptor.parse(item) for item in (found if isinstance(found, list) else ()))


def image_of(
    manifest: Mapping[str, Any],
    config: Mapping[str, Any],
    source: Callable[[Descriptor], BlobSource],
    *,
    repository: Reference | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Image:
    """Make the image that ``manifest`` and ``config`` describe; ``source`` gives the bytes of its layers."""
    descriptors = [Descriptor.parse(item) for item in manifest.get("layers") or ()]
    diff_ids = diff_ids_of(config)
    if len(diff_ids) != len(descriptors):
        raise Malformed(f"it has {len(descriptors)} layers and {len(diff_ids)} diff ids")
    lines = history_of(config, len(diff_ids))
    layers = tuple(
        Layer(
            descriptor.digest,
            diff_id,
            descriptor.size,
            0,
            LayerKind.BASE,
            line,
            _AS_OCI.get(descriptor.media_type, descriptor.media_type),
            source(descriptor),
            reused=True,
            repository=repository,
        )
        for descriptor, diff_id, line in zip(descriptors, diff_ids, lines, strict=True)
    )
    return image_with(config, layers, annotations)


def image_with(
    config: Mapping[str, Any], layers: tuple[Layer, ...], annotations: Mapping[str, str] | None = None
) -> Image:
    """Make the image of ``layers`` with the rest taken from the configuration document ``config``."""
    return Image(
        architecture_of(config),
        layers,
        config.get("config") or {},
        annotations or {},
        variant=str(config.get("variant") or ""),
    )


def architecture_of(config: Mapping[str, Any]) -> str:
    """Return the architecture of a configuration document; Malformed where it names none."""
    found = config.get("architecture")
    if not isinstance(found, str) or not found:
        raise Malformed("its config names no architecture")
    return found


def diff_ids_of(config: Mapping[str, Any]) -> tuple[Digest, ...]:
    """Return the diff ids of a configuration document, bottom first."""
    try:
        return tuple(Digest.parse(text) for text in config["rootfs"]["diff_ids"] or ())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed("its config lists no diff ids") from error


def history_of(config: Mapping[str, Any], count: int) -> Sequence[str]:
    """Return one line for each of ``count`` layers: the history's where it fits, else made up."""
    entries = config.get("history")
    lines = [
        str(entry.get("created_by") or entry.get("comment") or "")
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping) and not entry.get("empty_layer")
    ]
    if len(lines) != count:
        lines = [""] * count
    return [line or f"layer {number} of the base image" for number, line in enumerate(lines, 1)]


def full_name(reference: Reference) -> str:
    """Return the name with its registry and without a digest: what ``BASE_NAME`` holds."""
    return f"{reference.host}/{reference.remote_repository}" + (f":{reference.tag}" if reference.tag else "")
