"""The content-addressed store: blobs by digest, records that lead to them, unpacked bases.

Layout below the root: ``blobs/<hex>``, ``records/<kind>/<key>.json``, ``rootfs/<name>/`` and ``tmp/``. A blob
or record comes into being by a rename, so readers never see half of one, and parallel builds that make the
same blob both succeed. Nothing found here is believed for its name alone: sizes are compared before use,
digests whenever bytes are read. Whatever is used gets a new modification time, and every open store has a
locked file in ``tmp``: by both ``store_upkeep.prune`` knows what it may remove. While that removes, no store
opens.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from . import stored_record
from .digest import Digest
from .errors.store import BlobCorrupt, StoreFull, StoreUnusable
from .layer import GZIP_LAYER, Layer, LayerKind
from .stored_record import Record as Record

SESSION = "session-"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class StoredBlob:
    """A blob of the store; reading it to its end proves its digest or ends in BlobCorrupt."""

    path: Path
    digest: Digest

    def open(self) -> BinaryIO:
        """Open the blob's bytes from their start."""
        touch(self.path)
        return io.BufferedReader(_VerifiedReader(self.path, self.digest), 1 << 18)


class _VerifiedReader(io.RawIOBase):
    def __init__(self, path: Path, digest: Digest) -> None:
        self._file = path.open("rb", buffering=0)
        self._path, self._digest, self._hash = path, digest, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer) or 0
        self._hash.update(memoryview(buffer)[:count])
        if not count and len(buffer) and self._hash.hexdigest() != self._digest.hex:
            self._path.unlink(missing_ok=True)
            raise BlobCorrupt(self._digest)
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class BlobWriter:
    """Bytes on their way into the store; ``commit`` names them by their digest."""

    def __init__(self, file: BinaryIO, path: Path, blobs: Path) -> None:
        self._file, self._path, self._blobs = file, path, blobs
        self._hash, self.size = hashlib.sha256(), 0

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Append ``data``; StoreFull where the disk has no room."""
        with explained(self._blobs):
            self._file.write(data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    @property
    def digest(self) -> Digest:
        """What the bytes so far hash to: whoever expects another digest must not commit them."""
        return Digest(self._hash.hexdigest())

    def commit(self) -> Digest:
        """Move the bytes to their place and return their digest."""
        digest = self.digest
        with explained(self._blobs):
            self._file.flush()
            # Else a power loss could leave the name without the bytes. Costs a cold build about 2 %.
            os.fsync(self._file.fileno())
            self._path.replace(self._blobs / digest.hex)
        return digest


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """Make StoreFull or StoreUnusable of what the disk of ``place`` says."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StoreFull(place) from error
        raise StoreUnusable(place, error) from error


def _end_session(handle: int, name: str) -> None:
    Path(name).unlink(missing_ok=True)
    os.close(handle)


def touch(path: Path) -> None:
    """Mark a file or an unpacked tree of the store as used now."""
    # What a parallel prune took away is missed by whoever opens it, not here.
    with suppress(OSError):
        os.utime(path)


class Store:
    """What was fetched and built before, shared by all builds of this user."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._blobs, self._records, self._temporary = root / "blobs", root / "records", root / "tmp"
        with explained(root):
            for folder in (self._blobs, self._records, self._temporary):
                folder.mkdir(parents=True, exist_ok=True)
            self.session = self._begin_session()

    def _begin_session(self) -> Path:
        """Make the file whose lock tells, until this store is gone, that a build is running."""
        with self.gate(fcntl.LOCK_SH):
            handle, name = tempfile.mkstemp(dir=self._temporary, prefix=SESSION)
            fcntl.flock(handle, fcntl.LOCK_SH)
        weakref.finalize(self, _end_session, handle, name)
        return Path(name)

    @contextmanager
    def gate(self, kind: int) -> Iterator[None]:
        """Hold the lock that a store takes, shared, when it opens, and ``prune`` alone."""
        with (self.root / ".gate").open("a") as file:
            fcntl.flock(file, kind)
            yield

    def has(self, digest: Digest, size: int = 0) -> bool:
        """Tell whether a blob is here and, where ``size`` is known, as long as it must be."""
        path = self._blobs / digest.hex
        try:
            found = path.stat().st_size
        except FileNotFoundError:
            return False
        touch(path)
        return not size or found == size

    def blob(self, digest: Digest) -> StoredBlob:
        """Return the blob of this digest, which must be here."""
        return StoredBlob(self._blobs / digest.hex, digest)

    @contextmanager
    def writer(self) -> Iterator[BlobWriter]:
        """Open a new blob; without ``commit`` nothing of it stays."""
        with explained(self.root):
            handle, name = tempfile.mkstemp(dir=self._temporary)
        file = os.fdopen(handle, "wb", buffering=1 << 18)
        try:
            # A lock tells `prune` that this file's writer still lives.
            fcntl.flock(file, fcntl.LOCK_EX)
            yield BlobWriter(file, Path(name), self._blobs)
        finally:
            Path(name).unlink(missing_ok=True)
            # What a full disk left in the buffer belongs to a file that is gone.
            with suppress(OSError):
                file.close()

    @contextmanager
    def scratch(self) -> Iterator[BinaryIO]:
        """Open a new temporary file, to write and read, that is gone afterwards."""
        try:
            with tempfile.TemporaryFile(dir=self._temporary) as file:
                yield file
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise StoreFull(self.root) from error
            raise

    def add(self, data: bytes) -> Digest:
        """Store small content and return its digest."""
        with self.writer() as writer:
            writer.write(data)
            return writer.commit()

    def record(self, kind: str, key: Digest) -> Record | None:
        """Return what was kept under ``key``; None where that was nothing, or is no longer what was kept."""
        path = self._records / kind / f"{key.hex}.json"
        with explained(path):
            try:
                found = stored_record.read(path)
            except FileNotFoundError:
                return None
            except ValueError:
                path.unlink(missing_ok=True)
                return None
        touch(path)
        return found

    def keep(self, kind: str, key: Digest, value: Record) -> None:
        """Keep ``value`` (JSON) under ``key``, in place of what stood there."""
        path = self._records / kind / f"{key.hex}.json"
        with explained(path):
            path.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._temporary, delete=False) as file:
                try:
                    file.write(stored_record.written(path, value))
                    file.flush()
                    Path(file.name).replace(path)
                finally:
                    Path(file.name).unlink(missing_ok=True)

    def layer(
        self, key: Digest, kind: LayerKind, created_by: str, pack: Callable[[BlobWriter], tuple[Digest, int]]
    ) -> Layer:
        """Return the layer of ``key``, made by ``pack`` where it is not here yet.

        ``pack`` writes the compressed blob and returns the diff id and the unpacked size in bytes.
        """
        if known := self.known_layer(key, kind, created_by):
            return known
        with self.writer() as writer:
            diff_id, unpacked_size = pack(writer)
            digest = writer.commit()
        made = {
            "digest": str(digest),
            "diff_id": str(diff_id),
            "size": writer.size,
            "unpacked_size": unpacked_size,
        }
        self.keep("layers", key, made)
        return self._layer(made, kind, created_by, reused=False)

    def known_layer(self, key: Digest, kind: LayerKind, created_by: str) -> Layer | None:
        """Return the layer of ``key``, None where it is not here."""
        record = self.record("layers", key)
        if record and self.has(Digest.parse(record["digest"]), record["size"]):
            return self._layer(record, kind, created_by, reused=True)
        return None

    def _layer(self, record: Record, kind: LayerKind, created_by: str, *, reused: bool) -> Layer:
        digest = Digest.parse(record["digest"])
        return Layer(
            digest,
            Digest.parse(record["diff_id"]),
            record["size"],
            record["unpacked_size"],
            kind,
            created_by,
            GZIP_LAYER,
            self.blob(digest),
            reused,
        )
