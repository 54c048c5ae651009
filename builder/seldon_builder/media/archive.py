"""Archives that Docker, Podman, skopeo and containerd all load: Docker's manifest beside an OCI layout."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from ..destination import Written
from ..digest import Digest
from ..entry import Bytes, Entry
from ..errors.store import BlobCorrupt
from ..events import Emit, progress
from ..image import Image
from ..layer import Layer
from ..layers.tar import TRAILER, header, padding
from ..reference import Reference
from .layout import VERSION, VERSION_FILE, copied, descriptor_of, explained, index_bytes


@dataclass(frozen=True)
class ArchiveDestination:
    """Writes one file; equal images of one name give equal files."""

    path: Path
    reference: Reference
    emit: Emit

    def write(self, image: Image) -> Written:
        """Write the archive beside its place, then move it there."""
        with explained(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=self.path.parent, prefix=f".{self.path.name}.", suffix=".tmp", delete=False
            ) as file:
                fresh = Path(file.name)
                try:
                    self._fill(cast(BinaryIO, file), image)
                    file.flush()
                    fresh.chmod(0o644)
                    fresh.replace(self.path)
                finally:
                    fresh.unlink(missing_ok=True)
            size = self.path.stat().st_size
        return Written(f"archive:{self.path}", image.digest, len(image.layers), 0, size)

    def _fill(self, file: BinaryIO, image: Image) -> None:
        for name, data in documents(image, self.reference):
            file.write(member(name, data))
        total = sum(layer.size for layer in image.layers)
        done = 0
        for layer in unique(image.layers):
            _copy_layer(layer, file)
            done += layer.size
            self.emit(progress("write", f"Writing {self.path}", done, total))
        file.write(TRAILER)


def documents(image: Image, reference: Reference) -> list[tuple[str, bytes]]:
    """Return every file of an archive that is no layer: name and content."""
    return [
        (VERSION_FILE, VERSION),
        ("index.json", index_bytes([descriptor_of(image, reference)])),
        ("manifest.json", docker_manifest(image, reference)),
        (blob_name(image.config_digest), image.config_bytes),
        (blob_name(image.digest), image.manifest_bytes),
    ]


def docker_manifest(image: Image, reference: Reference) -> bytes:
    """Write the ``manifest.json`` that ``docker load`` goes by."""
    name = f"{reference.registry}/{reference.repository}" if reference.registry else reference.repository
    entry = {
        "Config": blob_name(image.config_digest),
        "Layers": [blob_name(layer.digest) for layer in image.layers],
        "RepoTags": [f"{name}:{reference.tag or 'latest'}"],
    }
    return json.dumps([entry], sort_keys=True, separators=(",", ":")).encode()


def blob_name(digest: Digest) -> str:
    """Return the name of a blob inside an archive."""
    return f"blobs/sha256/{digest.hex}"


def unique(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """Return each blob once, in the order of its first layer."""
    return tuple({layer.digest: layer for layer in layers}.values())


def member(name: str, data: bytes) -> bytes:
    """Return a small file as it stands in a tar."""
    return member_header(name, len(data)) + data + padding(len(data))


def member_header(name: str, size: int) -> bytes:
    """Return the header of a file whose ``size`` bytes and padding are to follow."""
    return header(Entry(name, 0o644, size, Bytes(b""), user=0))


def _copy_layer(layer: Layer, file: BinaryIO) -> None:
    file.write(member_header(blob_name(layer.digest), layer.size))
    with layer.open() as stream:
        if copied(stream, file) != layer.size:
            raise BlobCorrupt(layer.digest)
    file.write(padding(layer.size))
