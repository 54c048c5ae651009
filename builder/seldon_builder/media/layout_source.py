"""Images in OCI layouts, read in place."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..digest import Digest
from ..errors.destination import ImageNotFound, LayoutInvalid
from ..image import Image
from ..store import Store
from ..streams import verified
from .layout import blob_path
from .manifests import BASE_DIGEST, Descriptor, Malformed, architecture_of, children, document_of, image_of

_DEEPEST_INDEX = 4
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class LayoutBlob:
    """A blob of a layout; reading it to its end proves its digest or ends in LayoutInvalid."""

    layout: Path
    digest: Digest
    size: int

    def open(self) -> BinaryIO:
        """Open the blob's bytes from their start."""
        try:
            file = blob_path(self.layout, self.digest).open("rb")
        except OSError as error:
            raise LayoutInvalid(self.layout, f"it lacks the blob {self.digest}") from error
        found = os.fstat(file.fileno()).st_size
        if found != self.size:
            file.close()
            what = f"its blob {self.digest} has {found} bytes where {self.size} are named"
            raise LayoutInvalid(self.layout, what)
        return verified(file, self.digest, self._damaged)

    def _damaged(self) -> LayoutInvalid:
        return LayoutInvalid(self.layout, f"its blob {self.digest} is damaged")


@dataclass(frozen=True)
class _Found:
    manifest: Mapping[str, Any]
    config: Mapping[str, Any]
    digest: Digest
    tag: str

    @property
    def platform(self) -> str:
        return f"{self.config.get('os') or 'linux'}/{architecture_of(self.config)}"


def image_from_layout(path: Path, architecture: str, store: Store) -> Image:  # noqa: ARG001 - see below
    """Read the image for ``linux/<architecture>`` of a layout; ``path`` may end in ``:tag``.

    Layers stay where they are: nothing is copied into ``store``, which all readers of bases are given.
    """
    layout, tag = _split(path)
    try:
        found = [image for image in _images(layout) if not tag or image.tag == tag]
        chosen = _choose(found, layout, architecture, tag)
        return image_of(
            chosen.manifest,
            chosen.config,
            lambda blob: LayoutBlob(layout, blob.digest, blob.size),
            annotations={BASE_DIGEST: str(chosen.digest)},
        )
    except Malformed as error:
        raise LayoutInvalid(layout, str(error)) from error


def _split(path: Path) -> tuple[Path, str]:
    folder, colon, tag = path.name.rpartition(":")
    if path.exists() or not colon or not _TAG.fullmatch(tag):
        return path, ""
    return path.parent / folder, tag


def _choose(found: list[_Found], layout: Path, architecture: str, tag: str) -> _Found:
    fitting = {image.digest: image for image in found if image.platform == f"linux/{architecture}"}
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if fitting:
        tags = ", ".join(sorted(image.tag for image in fitting.values()))
        raise LayoutInvalid(layout, f"it holds several images; choose one as {layout}:TAG, from {tags}")
    raise ImageNotFound(
        tag or f"for linux/{architecture}",
        f"the layout {layout}",
        f"none fits linux/{architecture}",
        [f"{image.tag} {image.platform}".strip() for image in found],
    )


def _images(layout: Path) -> Iterator[_Found]:
    try:
        index = document_of((layout / "index.json").read_bytes())
    except OSError as error:
        raise LayoutInvalid(layout, "it has no readable index.json") from error
    for child in children(index) or ():
        yield from _expand(layout, child, child.tag, _DEEPEST_INDEX)


def _expand(layout: Path, descriptor: Descriptor, tag: str, depth: int) -> Iterator[_Found]:
    document = document_of(_read(layout, descriptor))
    listed = children(document)
    if listed is None:
        config = document_of(_read(layout, Descriptor.parse(document.get("config"))))
        # Attestations and other artifacts have no platform: they are no images.
        if "rootfs" in config:
            yield _Found(document, config, descriptor.digest, tag)
        return
    if not depth:
        raise Malformed("its indexes are nested too deeply")
    for child in listed:
        # Copies of a part of an image are common: only what is there can be chosen.
        if blob_path(layout, child.digest).exists():
            yield from _expand(layout, child, tag, depth - 1)


def _read(layout: Path, descriptor: Descriptor) -> bytes:
    with LayoutBlob(layout, descriptor.digest, descriptor.size).open() as stream:
        return stream.read()
