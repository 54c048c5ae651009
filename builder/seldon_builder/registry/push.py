"""The destination "registry": as few requests as tell that nothing is missing, then what is missing."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from threading import Event

from ..connections import Connections
from ..destination import Written
from ..digest import Digest
from ..entry import Bytes
from ..errors.destination import RegistryProtocol
from ..events import Emit, decision, progress
from ..image import MANIFEST, Image
from ..layer import Layer
from ..reference import Reference
from .client import Repository
from .transport import Transport
from .unnamed import default_explained
from .upload import Blob, Way, upload


@dataclass(frozen=True)
class RegistryDestination:
    """Pushes to the repository and tag of ``reference``."""

    reference: Reference
    connections: Connections
    emit: Emit
    insecure: bool = False

    def write(self, image: Image) -> Written:
        """Push ``image``: blobs in parallel, then the manifest that makes them an image."""
        transport = Transport(self.connections)
        try:
            scopes = _scopes(self.reference, image.layers)
            repository = Repository(self.reference, transport, scopes, insecure=self.insecure)
            with default_explained(self.reference):
                written = _push(repository, image, self.emit)
            if image.attachments:
                from .attach import attach

                attach(repository, image, self.emit)
            return written
        finally:
            transport.close()

    def write_all(self, images: Sequence[Image]) -> Written:
        """Push every image by its digest, then the index of them under the tag."""
        from ..media.image_index import index_of, summed
        from ..media.manifests import INDEX

        index, transport = index_of(images), Transport(self.connections)
        try:
            # Without a tag an image is pushed by its digest.
            untagged = replace(self.reference, tag="")
            scopes = _scopes(untagged, [layer for image in images for layer in image.layers])
            repository = Repository(untagged, transport, scopes, insecure=self.insecure)
            with default_explained(self.reference):
                parts = [_push(repository, image, self.emit) for image in images]
                repository.put_manifest(self.reference.tag or str(Digest.of(index)), index, INDEX)
            if any(image.attachments for image in images):
                from .attach import attach

                for image in images:
                    attach(repository, image, self.emit)
            return summed(parts, str(self.reference), index)
        finally:
            transport.close()


def _push(repository: Repository, image: Image, emit: Emit) -> Written:
    reference = repository.reference
    where = str(reference)
    tag = reference.tag or str(image.digest)
    if repository.has_manifest(image.digest, MANIFEST):
        emit(decision("write", f"{reference.host} has this image already"))
        if repository.manifest_digest(tag, [MANIFEST]) != image.digest:
            repository.put_manifest(tag, image.manifest_bytes, MANIFEST)
        return Written(where, image.digest, 0, len(image.layers), 0)
    # One question about the image that is to be replaced spares one about nearly every layer.
    held = repository.held_by(tag, [MANIFEST])
    ways, sent = _send_blobs(repository, image, emit, held)
    try:
        repository.put_manifest(tag, image.manifest_bytes, MANIFEST)
    except RegistryProtocol:
        # A registry may have lost blobs of an image that it still has.
        if not held:
            raise
        found, more = _send_blobs(repository, image, emit)
        ways, sent = (
            [now if was is Way.THERE else was for was, now in zip(ways, found, strict=True)],
            sent + more,
        )
        repository.put_manifest(tag, image.manifest_bytes, MANIFEST)
    written = sum(way is Way.SENT for way in ways)
    _report(ways, reference, emit)
    return Written(where, image.digest, written, len(ways) - written, sent)


def _send_blobs(
    repository: Repository, image: Image, emit: Emit, held: frozenset[Digest] = frozenset()
) -> tuple[list[Way], int]:
    """Send what is missing, the largest first; return the way of each layer and the bytes sent.

    What is ``held`` is known to be there.
    """
    unique = {layer.digest: _blob(layer, repository.reference) for layer in image.layers}
    unique[image.config_digest] = Blob(
        image.config_digest, len(image.config_bytes), Bytes(image.config_bytes)
    )
    blobs = [blob for blob in unique.values() if blob.digest not in held]
    blobs.sort(key=lambda blob: (-blob.size, blob.digest))
    counter = _Counter()

    def work(blob: Blob, stop: Event) -> Way:
        way = upload(repository, blob, counter.add, stop)
        if way is not Way.SENT:
            counter.skip(blob.size)
        return way

    def tick() -> None:
        message = f"Pushing to {repository.reference.host}"
        emit(progress("write", message, counter.sent + counter.skipped, sum(blob.size for blob in blobs)))

    from .parallel import in_parallel

    found = dict(zip((blob.digest for blob in blobs), in_parallel(work, blobs, tick), strict=True))
    return [found.get(layer.digest, Way.THERE) for layer in image.layers], counter.sent


class _Counter:
    """Bytes that several threads moved, or found they need not move."""

    def __init__(self) -> None:
        self._lock, self.sent, self.skipped = threading.Lock(), 0, 0

    def add(self, count: int) -> None:
        with self._lock:
            self.sent += count

    def skip(self, count: int) -> None:
        with self._lock:
            self.skipped += count


def _blob(layer: Layer, target: Reference) -> Blob:
    assert layer.source is not None, f"layer {layer.digest} was made without a source"
    return Blob(layer.digest, layer.size, layer.source, _lender(layer, target))


def _lender(layer: Layer, target: Reference) -> str:
    """Return the repository of the same registry that has the layer, empty where none is known."""
    lender = layer.repository
    if lender is None or lender.host != target.host or lender.repository == target.repository:
        return ""
    return lender.remote_repository


def _scopes(target: Reference, layers: Iterable[Layer]) -> tuple[str, ...]:
    lenders = dict.fromkeys(_lender(layer, target) for layer in layers)
    return (
        # Some token servers grant only what stands first.
        f"repository:{target.remote_repository}:pull,push",
        *(f"repository:{lender}:pull" for lender in lenders if lender),
    )


def _report(ways: list[Way], reference: Reference, emit: Emit) -> None:
    counts = [(way, ways.count(way)) for way in Way]
    told = ", ".join(f"{count} {way.value}" for way, count in counts if count)
    emit(decision("write", f"Layers in {reference.host}: {told}"))
