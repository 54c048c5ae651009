"""Images in registries: their documents now, the bytes of their layers when somebody reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from ..connections import Connections
from ..digest import Digest
from ..errors.destination import ImageNotFound, RegistryProtocol
from ..errors.store import BlobCorrupt
from ..events import Emit, progress
from ..image import Image
from ..media.manifests import (
    BASE_DIGEST,
    BASE_NAME,
    READABLE,
    Descriptor,
    Malformed,
    architecture_of,
    children,
    document_of,
    full_name,
    image_of,
)
from ..reference import Reference
from ..store import Store
from ..streams import verified
from .client import Repository
from .download import Download
from .transport import Transport
from .unnamed import default_explained

# Which digest a tag had when it was last looked up: what an offline build goes by.
_TAGS = "tags"


@dataclass(frozen=True)
class RegistryBlob:
    """A blob of a repository; whoever reads it to its end leaves it in the store for the next reader."""

    repository: Repository
    digest: Digest
    size: int
    store: Store
    emit: Emit
    offline: bool = False

    def open(self) -> BinaryIO:
        """Open the blob's bytes, from the store where they are there already."""
        if self.store.has(self.digest, self.size):
            return self.store.blob(self.digest).open()
        if self.offline:
            raise _unknown_offline(self.repository.reference)
        message = f"Fetching a layer of {self.repository.reference}"
        download = Download(
            self.repository,
            self.digest,
            self.size,
            lambda done: self.emit(progress("base", message, done, self.size)),
        )
        return verified(download, self.digest, self._wrong, self.store)

    def _wrong(self) -> RegistryProtocol:
        return RegistryProtocol(
            self.repository.origin.address, f"the bytes of {self.digest} have another digest"
        )


@dataclass(frozen=True)
class Pull:
    """Reads one image of a repository for one architecture."""

    repository: Repository
    architecture: str
    store: Store
    emit: Emit
    offline: bool = False

    def image(self) -> Image:
        """Read the documents, from the store where they are, and leave the layers for later."""
        reference = self.repository.reference
        digest = self._digest()
        try:
            chosen, manifest = self._manifest(digest, depth=0)
            descriptor = Descriptor.parse(manifest.get("config"))
            config = document_of(self._document(descriptor.digest, is_manifest=False))
            if architecture_of(config) != self.architecture:
                raise self._no_platform([f"{config.get('os') or 'linux'}/{architecture_of(config)}"])
            return image_of(
                manifest,
                config,
                self._blob,
                repository=reference,
                annotations={BASE_NAME: full_name(reference), BASE_DIGEST: str(chosen)},
            )
        except Malformed as error:
            raise RegistryProtocol(self.repository.origin.address, f"{reference}: {error}") from error

    def _blob(self, blob: Descriptor) -> RegistryBlob:
        return RegistryBlob(self.repository, blob.digest, blob.size, self.store, self.emit, self.offline)

    def _digest(self) -> Digest:
        reference = self.repository.reference
        if reference.digest:
            return reference.digest
        key = Digest.of(f"{reference.host}/{reference.remote_repository}:{reference.tag}".encode())
        if self.offline:
            known = self.store.record(_TAGS, key)
            if known is None:
                raise _unknown_offline(reference)
            return Digest.parse(known["digest"])
        digest = self.repository.manifest_digest(reference.tag, READABLE)
        if digest is None or not self.store.has(digest):
            digest = self.store.add(self.repository.manifest(reference.tag, READABLE).body)
        self.store.keep(_TAGS, key, {"digest": str(digest)})
        return digest

    def _manifest(self, digest: Digest, depth: int) -> tuple[Digest, Mapping[str, Any]]:
        document = document_of(self._document(digest, is_manifest=True))
        listed = children(document)
        if listed is None:
            return digest, document
        wanted = f"linux/{self.architecture}"
        found = next((child for child in listed if child.platform == wanted), None)
        if found is None or depth:
            raise self._no_platform([child.platform for child in listed])
        return self._manifest(found.digest, depth + 1)

    def _document(self, digest: Digest, *, is_manifest: bool) -> bytes:
        if self.store.has(digest):
            try:
                with self.store.blob(digest).open() as stream:
                    return stream.read()
            except BlobCorrupt:
                pass  # It is gone from the store: fetch it anew.
        if self.offline:
            raise _unknown_offline(self.repository.reference)
        if is_manifest:
            body = self.repository.manifest(str(digest), READABLE).body
        else:
            body = self.repository.blob(digest)
        if Digest.of(body) != digest:
            what = f"the manifest {digest} has another digest"
            raise RegistryProtocol(self.repository.origin.address, what)
        self.store.add(body)
        return body

    def _no_platform(self, platforms: list[str]) -> ImageNotFound:
        return ImageNotFound(
            str(self.repository.reference),
            f"the registry {self.repository.reference.host}",
            f"none for linux/{self.architecture}",
            # Attestations stand in an index as a platform of this name.
            [platform for platform in platforms if platform and platform != "unknown/unknown"],
            hint="choose a platform that is on offer with --platform, or another image",
        )


def _unknown_offline(reference: Reference) -> ImageNotFound:
    return ImageNotFound(
        str(reference),
        "the store",
        "no earlier build has left all of it there, and this one may not use the network",
        hint="run once without --offline",
    )


def image_from_registry(
    reference: Reference,
    architecture: str,
    store: Store,
    emit: Emit,
    insecure: bool,
    *,
    connections: Connections,
    offline: bool = False,
) -> Image:
    """Read the image of ``reference`` for ``linux/<architecture>``; its layers are fetched when read.

    A reference with a digest that was read before needs no network. ``offline`` takes a tag for the digest
    that it had when it was last looked up.
    """
    transport = Transport(connections)
    scopes = (f"repository:{reference.remote_repository}:pull",)
    repository = Repository(reference, transport, scopes, insecure=insecure)
    try:
        with default_explained(reference):
            return Pull(repository, architecture, store, emit, offline).image()
    finally:
        # Layers that are read later open connections of their own.
        transport.close()
