"""Images of the Docker engine as bases: read once, then kept in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BufferedReader
from typing import IO, TYPE_CHECKING, Any, cast

from ..connections import Connections
from ..digest import Digest
from ..errors.destination import DaemonRefused, ImageNotFound
from ..events import Emit, progress
from ..image import Image
from ..layer import GZIP_LAYER, Layer, LayerKind
from ..reference import Reference
from ..store import Store
from .docker_engine import Engine
from .manifests import BASE_NAME, Malformed, diff_ids_of, document_of, full_name, history_of, image_with

if TYPE_CHECKING:
    import tarfile

_RECORDS = "daemon-images"
_LARGEST_DOCUMENT = 4 << 20
_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_SHORTEST_TAR = 1024


@dataclass(frozen=True)
class _Stored:
    """A layer as it lies in the store."""

    digest: Digest
    size: int
    unpacked_size: int


def image_from_daemon(
    name: str, architecture: str, store: Store, emit: Emit, *, connections: Connections
) -> Image:
    """Read an image of the Docker engine for ``linux/<architecture>``.

    Its layers are compressed into the store, once per image id.
    """
    engine = Engine(connections)
    known = engine.image(name)
    if known is None:
        raise ImageNotFound(name, "the Docker engine", "unknown", hint=f"run `docker pull {name}` first")
    offered = f"{known.get('Os') or 'linux'}/{known.get('Architecture')}"
    if offered != f"linux/{architecture}":
        reason = f"it is not for linux/{architecture}"
        raise ImageNotFound(
            name, "the Docker engine", reason, [offered], hint=_other_platform(name, architecture)
        )
    identity = Digest.parse(str(known["Id"]))
    try:
        return _kept(identity, name, store) or _image(_read(engine, known, store, emit), name, store)
    except Malformed as error:
        raise DaemonRefused(f"save {name}", f"its archive cannot be read: {error}") from error


def _other_platform(name: str, architecture: str) -> str:
    return f"run `docker pull --platform linux/{architecture} {name}`, or choose --platform"


def _kept(identity: Digest, name: str, store: Store) -> Image | None:
    record = store.record(_RECORDS, identity)
    if record is None or not all(
        store.has(Digest.parse(layer["digest"]), layer["size"]) for layer in record["layers"]
    ):
        return None
    return _image(record, name, store)


def _image(record: Mapping[str, Any], name: str, store: Store) -> Image:
    config = record["config"]
    diff_ids = diff_ids_of(config)
    lines = history_of(config, len(diff_ids))
    layers = tuple(
        Layer(
            Digest.parse(layer["digest"]),
            diff_id,
            layer["size"],
            layer["unpacked_size"],
            LayerKind.BASE,
            line,
            GZIP_LAYER,
            store.blob(Digest.parse(layer["digest"])),
            reused=True,
        )
        for layer, diff_id, line in zip(record["layers"], diff_ids, lines, strict=True)
    )
    # An id names no place where others could find the base.
    named = {} if name.startswith("sha256:") else {BASE_NAME: full_name(Reference.parse(name))}
    return image_with(config, layers, named)


def _read(engine: Engine, known: Mapping[str, Any], store: Store, emit: Emit) -> Mapping[str, Any]:
    identity = str(known["Id"])
    total = int(known.get("Size") or 0)
    reader = _ArchiveReader(
        store, lambda done: emit(progress("base", "Reading the base from the Docker engine", done, total))
    )
    with engine.saved(identity) as archive:
        reader.read(archive)
    record = reader.record((known.get("RootFS") or {}).get("Layers") or [])
    store.keep(_RECORDS, Digest.parse(identity), record)
    return record


@dataclass
class _ArchiveReader:
    """Takes an archive of ``docker save`` apart, in whichever of its layouts.

    Files are told by their content, not by their names: those have changed with the engine's versions, and
    the manifest that explains them comes last.
    """

    store: Store
    moved: Callable[[int], None]
    layers: dict[Digest, _Stored] = field(default_factory=dict)
    documents: list[Mapping[str, Any]] = field(default_factory=list)
    done: int = 0

    def read(self, archive: IO[bytes]) -> None:
        """Store every layer and remember every document."""
        import tarfile
        import zlib

        try:
            with tarfile.open(fileobj=archive, mode="r|", bufsize=_CHUNK) as tar:
                for member in tar:
                    if member.isfile():
                        self._member(tar, member)
        except (tarfile.TarError, zlib.error, EOFError) as error:
            raise Malformed(str(error)) from error

    def record(self, diff_ids: list[str]) -> Mapping[str, Any]:
        """Return config and layers of the image with these diff ids."""
        config = next((found for found in self.documents if _lists(found, diff_ids)), None)
        if config is None:
            raise Malformed("it lacks the image's config")
        try:
            stored = [self.layers[diff_id] for diff_id in diff_ids_of(config)]
        except KeyError as error:
            raise Malformed(f"it lacks the layer {error}") from error
        layers = [
            {"digest": str(layer.digest), "size": layer.size, "unpacked_size": layer.unpacked_size}
            for layer in stored
        ]
        return {"config": config, "layers": layers}

    def _member(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        content = tar.extractfile(member)
        assert content is not None
        # Engines with containerd's store save layers as they were pulled.
        head = cast(BufferedReader, content).peek(2)[:2]
        if head[:1] in (b"{", b"[") and member.size <= _LARGEST_DOCUMENT:
            # The one that is a list, manifest.json, is of no use to us.
            with suppress(Malformed):
                self.documents.append(document_of(content.read()))
        elif head == _GZIP:
            import gzip

            self._layer(cast(IO[bytes], gzip.GzipFile(fileobj=content)))
        elif member.size >= _SHORTEST_TAR:
            self._layer(content)

    def _layer(self, content: IO[bytes]) -> None:
        from ..layers.encoder import PlainEncoder

        with self.store.writer() as writer:
            encoder = PlainEncoder(writer)
            while chunk := content.read(_CHUNK):
                encoder.write(chunk)
                self.done += len(chunk)
                self.moved(self.done)
            diff_id, unpacked_size = encoder.finish()
            self.layers[diff_id] = _Stored(writer.commit(), writer.size, unpacked_size)


def _lists(document: Mapping[str, Any], diff_ids: list[str]) -> bool:
    found = document.get("rootfs")
    return isinstance(found, dict) and found.get("diff_ids") == diff_ids
