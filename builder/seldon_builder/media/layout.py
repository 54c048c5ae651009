"""OCI image layouts: a folder of blobs and an index of what they make."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..destination import Written
from ..digest import Digest
from ..errors.destination import LayoutInvalid, OutputUnwritable
from ..errors.store import BlobCorrupt
from ..events import Emit, decision, progress
from ..image import MANIFEST, Image
from ..layer import Layer
from ..reference import Reference
from ..store import StoredBlob
from .image_index import index_of, summed
from .manifests import INDEX, Malformed, children, document_of
from .referrers import referrers_of, subject_of

VERSION_FILE = "oci-layout"
VERSION = b'{"imageLayoutVersion":"1.0.0"}'
REF_NAME = "org.opencontainers.image.ref.name"
# What containerd and newer Docker engines call an image that they read from an archive.
IMAGE_NAME = "io.containerd.image.name"
_CHUNK = 1 << 20
_FRESH = ".new-"


@dataclass(frozen=True)
class LayoutDestination:
    """Writes to the layout at ``path`` under the tag of ``reference``, beside the images that are there."""

    path: Path
    reference: Reference
    emit: Emit

    def write(self, image: Image) -> Written:
        """Write the blobs that the layout lacks, then the index."""
        with explained(self.path):
            written, listed = self._add(image)
            _name(self.path, descriptor_of(image, self.reference), listed)
        return written

    def write_all(self, images: Sequence[Image]) -> Written:
        """Write every image as ``write`` does, but name the index of them."""
        with explained(self.path):
            done = [self._add(image) for image in images]
            index = index_of(images)
            _add(self.path, Digest.of(index), index)
            entry = index_descriptor(index, self.reference)
            _name(self.path, entry, [one for _, listed in done for one in listed])
        return summed([written for written, _ in done], f"oci:{self.path}", index)

    def _add(self, image: Image) -> tuple[Written, list[Mapping[str, Any]]]:
        """Write the blobs of ``image`` and return the entries of what refers to it."""
        _refuse_foreign(self.path)
        _prepare(self.path)
        written = sent = 0
        total = sum(layer.size for layer in image.layers)
        done = 0
        for layer in image.layers:
            if add_layer(self.path, layer):
                written, sent = written + 1, sent + layer.size
            done += layer.size
            self.emit(progress("write", f"Writing {self.path}", done, total))
        for document in (image.config_bytes, image.manifest_bytes):
            _add(self.path, Digest.of(document), document)
        referrers = referrers_of(image)
        for document in {data for one in referrers for data in (*one.blobs, one.manifest_bytes)}:
            _add(self.path, Digest.of(document), document)
        reused = len(image.layers) - written
        self.emit(decision("write", f"Layers in {self.path}: {reused} there already, {written} written"))
        listed = [referrer.descriptor for referrer in referrers]
        return Written(f"oci:{self.path}", image.digest, written, reused, sent), listed


def descriptor_of(image: Image, reference: Reference) -> dict[str, Any]:
    """Make the entry of an index that names ``image``."""
    return {
        "annotations": _names(reference),
        "digest": str(image.digest),
        "mediaType": MANIFEST,
        "platform": {"architecture": image.architecture, "os": image.os},
        "size": len(image.manifest_bytes),
    }


def index_descriptor(index: bytes, reference: Reference) -> dict[str, Any]:
    """Make the entry that names an index of images."""
    digest = str(Digest.of(index))
    return {"annotations": _names(reference), "digest": digest, "mediaType": INDEX, "size": len(index)}


def _names(reference: Reference) -> dict[str, str]:
    tag = reference.tag or "latest"
    return {IMAGE_NAME: f"{reference.host}/{reference.remote_repository}:{tag}", REF_NAME: tag}


def index_bytes(entries: list[Mapping[str, Any]]) -> bytes:
    """Write an ``index.json``."""
    document = {"manifests": entries, "mediaType": INDEX, "schemaVersion": 2}
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def blob_path(layout: Path, digest: Digest) -> Path:
    """Return where a layout keeps a blob."""
    return layout / "blobs" / "sha256" / digest.hex


def add_layer(layout: Path, layer: Layer) -> bool:
    """Put a layer's blob into a layout, by a hard link where possible; False where it is there.

    Whatever way it comes, its bytes are read and checked first.
    """
    place = blob_path(layout, layer.digest)
    if _size(place) == layer.size:
        return False
    source = layer.source
    if isinstance(source, StoredBlob) and _link(layer, source, place):
        return True
    with layer.open() as stream, _new_file(place) as file:
        if copied(stream, file) != layer.size:
            raise BlobCorrupt(layer.digest)
    return True


def copied(stream: BinaryIO, file: BinaryIO) -> int:
    """Copy ``stream`` to its end, which checks its digest, and return how many bytes it had."""
    count = 0
    while chunk := stream.read(_CHUNK):
        file.write(chunk)
        count += len(chunk)
    return count


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """Turn the operating system's errors into OutputUnwritable."""
    try:
        yield
    except OSError as error:
        raise OutputUnwritable(place, (error.strerror or str(error)).lower()) from error


def _link(layer: Layer, source: StoredBlob, place: Path) -> bool:
    with source.open() as stream:
        while stream.read(_CHUNK):
            pass
    if _size(source.path) != layer.size:
        raise BlobCorrupt(layer.digest)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".link-") as folder:
        fresh = Path(folder) / "blob"
        try:
            os.link(source.path, fresh)
        except OSError:
            return False  # Another file system, or one without hard links.
        fresh.chmod(0o644)
        fresh.replace(place)
    return True


def _add(layout: Path, digest: Digest, data: bytes) -> None:
    place = blob_path(layout, digest)
    if _size(place) != len(data):
        with _new_file(place) as file:
            file.write(data)


@contextmanager
def _new_file(place: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its place when all of it is written, and never otherwise."""
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix=_FRESH, delete=False) as file:
        fresh = Path(file.name)
        try:
            yield cast(BinaryIO, file)
            file.flush()
            fresh.chmod(0o644)
            fresh.replace(place)
        finally:
            fresh.unlink(missing_ok=True)


def _refuse_foreign(layout: Path) -> None:
    if (layout / VERSION_FILE).exists() or not layout.is_dir():
        return
    # Another build may be making the same layout: what it has made so far is no reason to refuse.
    ours = ("blobs", "index.json", VERSION_FILE)
    if any(path.name not in ours and not path.name.startswith(_FRESH) for path in layout.iterdir()):
        raise OutputUnwritable(layout, "the folder holds something else than an OCI layout")


def _prepare(layout: Path) -> None:
    blob_path(layout, Digest.of(b"")).parent.mkdir(parents=True, exist_ok=True)
    version = layout / VERSION_FILE
    if not version.exists():
        with _new_file(version) as file:
            file.write(VERSION)


def _name(layout: Path, entry: Mapping[str, Any], referrers: list[Mapping[str, Any]]) -> None:
    """List ``entry`` in the index in place of the one of its name; parallel builds take turns.

    What refers to images comes last, without a name, and goes with its image.
    """
    lock = os.open(layout, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        index = layout / "index.json"
        others = [other for other in _entries(index) if _ref_name(other) != _ref_name(entry)]
        subjects = {id(other): _subject(layout, other) for other in others}
        images = [other for other in others if not subjects[id(other)]] + [entry]
        there = {digest for image in images for digest in _digests(layout, image)}
        kept = [other for other in others if subjects[id(other)] in there and other not in referrers]
        with _new_file(index) as file:
            file.write(index_bytes([*images, *kept, *referrers]))
    finally:
        os.close(lock)


def _subject(layout: Path, entry: Mapping[str, Any]) -> str:
    """Return the digest of the image that an entry refers to; "" for an image."""
    return subject_of(_manifest(layout, entry)) if "artifactType" in entry else ""


def _digests(layout: Path, entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the digests of an image's entry: of the image, or of an index and its images."""
    yield str(entry.get("digest"))
    if entry.get("mediaType") == INDEX:
        with suppress(Malformed):
            for child in children(document_of(_manifest(layout, entry))) or ():
                yield str(child.digest)


def _manifest(layout: Path, entry: Mapping[str, Any]) -> bytes:
    try:
        return blob_path(layout, Digest.parse(str(entry.get("digest")))).read_bytes()
    except (OSError, ValueError):
        return b""


def _entries(index: Path) -> list[Mapping[str, Any]]:
    try:
        found = json.loads(index.read_bytes())["manifests"]
        return [entry for entry in found if isinstance(entry, dict)]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LayoutInvalid(index.parent, "its index.json is damaged") from error


def _ref_name(entry: Mapping[str, Any]) -> object:
    annotations = entry.get("annotations")
    return annotations.get(REF_NAME) if isinstance(annotations, dict) else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1
