"""The destination "docker": the engine gets the layers that it lacks, unpacked, in one archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..connections import Connections
from ..destination import Written
from ..errors.destination import DaemonRefused, DaemonUnreachable
from ..errors.store import BlobCorrupt
from ..events import Emit, decision, progress
from ..gunzip import inflated
from ..image import Image
from ..layer import GZIP_LAYER, Layer, LayerKind
from ..layers.cnb import BUILD_METADATA
from ..layers.tar import TRAILER, padding
from ..reference import Reference
from .archive import blob_name, docker_manifest, member, member_header, unique
from .docker_engine import Engine

_CHUNK = 1 << 18
_STEP = 4 << 20
_PING_TIMEOUT = 2.0
# How many images are looked at for layers that ours may rest on.
_MOST_CANDIDATES = 32
_CHANGING = (LayerKind.RUNTIME, LayerKind.WEIGHTS, LayerKind.APP, LayerKind.SBOM, LayerKind.CONFIG)


def daemon_answers(host: str, certificates: Path | None = None) -> bool:
    """Tell, within two seconds, whether a Docker engine answers at ``host`` (empty: the default socket)."""
    try:
        return Engine(Connections(None, host, certificates, timeout=_PING_TIMEOUT)).ping()
    except DaemonUnreachable:
        return False


@dataclass(frozen=True)
class DaemonDestination:
    """Loads into the engine of ``connections`` under the name ``reference``."""

    reference: Reference
    connections: Connections
    emit: Emit

    def write(self, image: Image) -> Written:
        """Name the image if the engine has it, else load what the engine lacks of it."""
        engine = Engine(self.connections)
        where, tag = _name(self.reference), self.reference.tag or "latest"
        if engine.image(str(image.config_digest)) is not None:
            engine.tag(str(image.config_digest), where, tag)
            self.emit(decision("write", "The Docker engine has this image already"))
            return Written(f"docker:{where}:{tag}", image.digest, 0, len(image.layers), 0)
        known = self._known(engine, image)
        sent = self._load(engine, image, known) if known else -1
        if sent < 0:
            known, sent = 0, self._load_in_full(engine, image)
        return Written(f"docker:{where}:{tag}", image.digest, len(image.layers) - known, known, sent)

    def _known(self, engine: Engine, image: Image) -> int:
        """Return how many of the lowest layers may be left out because the engine has that stack."""
        count = shared_layers(engine, image, f"{_name(self.reference)}:{self.reference.tag or 'latest'}")
        if count and not engine.shares_layers():
            self.emit(decision("write", "Sending all layers: the Docker engine keeps images in containerd"))
            return 0
        return count

    def _load(self, engine: Engine, image: Image, known: int) -> int:
        """Load without the lowest ``known`` layers; -1 where the engine will not have it so."""
        self.emit(decision("write", f"The Docker engine has {known} of {len(image.layers)} layers"))
        parcel = Parcel(image, self.reference, known, self.emit)
        try:
            engine.load(parcel.chunks())
        except DaemonRefused as error:
            if "no space left" in error.answer:
                raise
            self.emit(decision("write", f"Sending all layers: the Docker engine says {error.answer}"))
            return -1
        return parcel.sent

    def _load_in_full(self, engine: Engine, image: Image) -> int:
        parcel = Parcel(image, self.reference, 0, self.emit)
        engine.load(parcel.chunks())
        return parcel.sent


def shared_layers(engine: Engine, image: Image, name: str) -> int:
    """Return how many of the lowest layers of ``image`` some image of the engine rests on too."""
    mine = [str(layer.diff_id) for layer in image.layers]
    namesake = engine.image(name)
    best = _common(mine, namesake) if namesake else 0
    # Beyond the dependencies there is little to win by looking further.
    enough = sum(layer.kind not in _CHANGING for layer in image.layers)
    if best >= enough:
        return best
    # All of ours are from 1980, so the engine lists them last.
    likely = sorted(engine.images(), key=lambda listed: _unlikeness(listed, name))
    for candidate in likely[:_MOST_CANDIDATES]:
        best = max(best, _common(mine, engine.image(str(candidate.get("Id"))) or {}))
        if best >= enough:
            break
    return best


def _unlikeness(listed: Mapping[str, Any], name: str) -> tuple[bool, bool, bool]:
    """Order images by how likely they rest on our layers: other tags of ``name``, ours, any with a tag."""
    tags = listed.get("RepoTags") or ()
    repository = name.rpartition(":")[0]
    kin = any(tag.rpartition(":")[0] == repository for tag in tags)
    return not kin, BUILD_METADATA not in (listed.get("Labels") or {}), not tags


class Parcel:
    """An archive for ``docker load`` without the lowest ``known`` layers; ``sent`` counts its bytes."""

    def __init__(self, image: Image, reference: Reference, known: int, emit: Emit) -> None:
        self._image, self._reference, self._emit = image, reference, emit
        self._layers = unique(image.layers[known:])
        self._total = sum(layer.unpacked_size or layer.size for layer in self._layers)
        self.sent = self._told = 0

    def chunks(self) -> Iterator[bytes]:
        """Make the archive, a piece at a time."""
        for chunk in self._chunks():
            self.sent += len(chunk)
            if self.sent - self._told >= _STEP:
                self._told = self.sent
                self._emit(progress("write", "Loading into the Docker engine", self.sent, self._total))
            yield chunk

    def _chunks(self) -> Iterator[bytes]:
        yield member("manifest.json", docker_manifest(self._image, self._reference))
        yield member(blob_name(self._image.config_digest), self._image.config_bytes)
        for layer in self._layers:
            size = layer.unpacked_size if _unpackable(layer) else layer.size
            yield member_header(blob_name(layer.digest), size)
            yield from _content(layer, size)
            yield padding(size)
        self._emit(progress("write", "The Docker engine unpacks the layers", self._total, self._total))
        yield TRAILER


def _unpackable(layer: Layer) -> bool:
    """Tell whether we know how long the tar is, which its header must say before it is unpacked.

    The engine unpacks other layers (those of a registry's base) by itself.
    """
    return layer.media_type == GZIP_LAYER and layer.unpacked_size > 0


def _content(layer: Layer, size: int) -> Iterator[bytes]:
    import zlib

    count = 0
    with layer.open() as blob:
        try:
            for chunk in inflated(blob) if _unpackable(layer) else iter(lambda: blob.read(_CHUNK), b""):
                count += len(chunk)
                if count > size:
                    break
                yield chunk
        except (EOFError, zlib.error) as error:
            raise BlobCorrupt(layer.digest) from error
    if count != size:
        raise BlobCorrupt(layer.digest)


def _common(mine: Sequence[str], theirs: object) -> int:
    found = theirs.get("RootFS") if isinstance(theirs, dict) else None
    layers = (found or {}).get("Layers") or []
    count = 0
    for one, other in zip(mine, layers, strict=False):
        if one != other:
            break
        count += 1
    return count


def _name(reference: Reference) -> str:
    return f"{reference.registry}/{reference.repository}" if reference.registry else reference.repository
