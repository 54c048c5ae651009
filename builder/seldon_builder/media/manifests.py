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
_KNOWN_LAYERS = (GZIP_LAYER, PLAIN_LAYER, f"{PLAIN_LAYER}+zstd")
# Documents of images have a handful of levels; what has hundreds can be read but not always written.
_DEEPEST = 32
# No file is longer; what says so is no size.
_LARGEST_BLOB = 1 << 50


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
        if not isinstance(value, Mapping):
            raise Malformed("a descriptor in it is no object")
        platform, annotations = _mapping(value, "platform"), _mapping(value, "annotations")
        name = "/".join(filter(None, (_text(platform, "os"), _text(platform, "architecture"))))
        tag = _text(annotations, "org.opencontainers.image.ref.name")
        digest, size = _digest(value.get("digest")), value.get("size")
        if type(size) is not int or not 0 <= size <= _LARGEST_BLOB:
            raise Malformed(f"a descriptor in it is malformed (the size of {digest})")
        return cls(digest, size, _text(value, "mediaType"), name, tag)


def document_of(body: bytes) -> Mapping[str, Any]:
    """Read a JSON object; Malformed where the bytes are none."""
    try:
        found = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed("it is not JSON") from error
    if not isinstance(found, dict):
        raise Malformed("it is not a JSON object")
    if _is_deeper(found, _DEEPEST):
        raise Malformed("it is nested too deeply")
    return found


def children(document: Mapping[str, Any]) -> tuple[Descriptor, ...] | None:
    """Return the manifests of an index, None for a document that is no index."""
    if "manifests" not in document:
        return None
    return tuple(Descriptor.parse(item) for item in _list(document, "manifests"))


def image_of(
    manifest: Mapping[str, Any],
    config: Mapping[str, Any],
    source: Callable[[Descriptor], BlobSource],
    *,
    repository: Reference | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Image:
    """Make the image that ``manifest`` and ``config`` describe; ``source`` gives the bytes of its layers."""
    descriptors = [Descriptor.parse(item) for item in _list(manifest, "layers")]
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
            _layer_type(descriptor),
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
    if not layers:
        raise Malformed("it has no layers")
    return Image(
        architecture_of(config),
        layers,
        _checked_settings(_mapping(config, "config")),
        annotations or {},
        variant=_text(config, "variant"),
    )


def _checked_settings(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the ``config`` of a configuration document; Malformed unless Env and Labels hold text."""
    variables, labels = _list(settings, "Env"), _mapping(settings, "Labels")
    if not all(isinstance(pair, str) and "\0" not in pair for pair in variables):
        raise Malformed("its config has an `Env` that is no list of NAME=VALUE")
    if not all(isinstance(value, str) for value in labels.values()):
        raise Malformed("its config has `Labels` that are no text")
    return settings


def _layer_type(descriptor: Descriptor) -> str:
    found = _AS_OCI.get(descriptor.media_type, descriptor.media_type)
    if found not in _KNOWN_LAYERS:
        raise Malformed(f"its layer {descriptor.digest} is of a kind that we do not know, {found!r}")
    return found


def architecture_of(config: Mapping[str, Any]) -> str:
    """Return the architecture of a configuration document; Malformed where it names none."""
    found = config.get("architecture")
    if not isinstance(found, str) or not found:
        raise Malformed("its config names no architecture")
    return found


def diff_ids_of(config: Mapping[str, Any]) -> tuple[Digest, ...]:
    """Return the diff ids of a configuration document, bottom first."""
    if not isinstance(config.get("rootfs"), Mapping):
        raise Malformed("its config lists no diff ids")
    return tuple(_digest(text) for text in _list(_mapping(config, "rootfs"), "diff_ids"))


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


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return an object of ``document``, empty where it is missing or null."""
    found = document.get(key)
    if found is not None and not isinstance(found, Mapping):
        raise Malformed(f"its `{key}` is no object")
    return found or {}


def _list(document: Mapping[str, Any], key: str) -> Sequence[Any]:
    """Return a list of ``document``, empty where it is missing or null."""
    found = document.get(key)
    if found is not None and not isinstance(found, list):
        raise Malformed(f"its `{key}` is no list")
    return found or ()


def _text(document: Mapping[str, Any], key: str) -> str:
    """Return a string of ``document``, empty where it is missing or null."""
    found = document.get(key)
    if found is not None and not isinstance(found, str):
        raise Malformed(f"its `{key}` is no text")
    return found or ""


def _is_deeper(value: object, levels: int) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not levels or any(_is_deeper(part, levels - 1) for part in parts)


def _digest(value: object) -> Digest:
    try:
        return Digest.parse(str(value))
    except ValueError as error:
        raise Malformed(str(error)) from error


def _refuse_constant(name: str) -> object:
    # Python reads and writes NaN; nobody else does.
    raise ValueError(f"{name} is not JSON")
