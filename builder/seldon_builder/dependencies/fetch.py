"""Bring the wheels of a lock into the store, each once, each proven by its hash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from threading import Lock as Mutex
from typing import TYPE_CHECKING, BinaryIO

from ..digest import Digest
from ..errors.layers import WheelMalformed
from ..errors.resolution import ArtifactCorrupt, OfflineMissing
from ..errors.store import BlobCorrupt
from ..events import Emit, progress
from ..lock import Artifact, Lock
from ..package_index import PackageIndex
from ..store import BlobWriter, Store
from .file_url import path_of

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .download import Downloads, Received

CONNECTIONS = 8
CHUNK = 1 << 18
# Where the lock knows no size: an answer without end must not fill the disk.
UNKNOWN_SIZE_AT_MOST = 16 << 30
# As often as a line on a terminal can be read.
SECONDS_BETWEEN_EVENTS = 0.1


def fetch(lock: Lock, index: PackageIndex, store: Store, emit: Emit) -> Lock:
    """Fetch what the store lacks and return the lock with all sizes filled in.

    OfflineMissing names all that an offline ``index`` keeps from being fetched; ArtifactCorrupt is for bytes
    that are not those of the lock.
    """
    _refuse_harmful_names(lock.artifacts)
    sizes = {artifact.sha256: _size_here(artifact, store) for artifact in lock.artifacts}
    missing = [
        _nearest(artifact, index, store) for artifact in lock.artifacts if sizes[artifact.sha256] is None
    ]
    if index.offline:
        absent = [f"{item.name} {item.version}" for item in missing if not _is_on_disk(item)]
        if absent:
            raise OfflineMissing(absent)
    if missing:
        sizes |= _fetch_all(missing, index, store, emit)
    return lock.with_artifacts(tuple(replace(item, size=sizes[item.sha256] or 0) for item in lock.artifacts))


def _refuse_harmful_names(artifacts: Sequence[Artifact]) -> None:
    """Let no name pass that would be a place elsewhere when the file is written into a folder."""
    for artifact in artifacts:
        if not artifact.has_plain_name:
            reason = "the name of its file is a path, or cannot be shown"
            raise WheelMalformed(f"of {artifact.name}", reason, artifact.filename)


def _size_here(artifact: Artifact, store: Store) -> int | None:
    """Return the size of the wheel in ``store``; None where it is not there, or damaged."""
    if artifact.size and store.has(artifact.sha256, artifact.size):
        return artifact.size
    if not store.has(artifact.sha256):
        return None
    # Its size is unknown, or not the lock's: only its hash tells whether these are the bytes.
    try:
        with store.blob(artifact.sha256).open() as blob:
            return sum(len(data) for data in iter(partial(blob.read, CHUNK), b""))
    except BlobCorrupt:
        return None


def _nearest(artifact: Artifact, index: PackageIndex, store: Store) -> Artifact:
    """Return ``artifact`` with the place of its copy in a local folder, where it has one."""
    if not index.wheel_folders:
        return artifact
    from .local_wheels import find_copy

    copy = find_copy(artifact, index.wheel_folders, store)
    return replace(artifact, url=copy.as_uri()) if copy else artifact


def _is_on_disk(artifact: Artifact) -> bool:
    return artifact.url.startswith("file:") and path_of(artifact.url).is_file()


def _fetch_all(
    missing: Sequence[Artifact], index: PackageIndex, store: Store, emit: Emit
) -> dict[Digest, int]:
    """Fetch what is missing and return its sizes."""
    from concurrent.futures import ThreadPoolExecutor, wait
    from contextlib import closing

    from .download import Downloads

    received = _Count(sum(artifact.size for artifact in missing))
    # One thread an artifact, the largest first where sizes are known: the longest one sets the end.
    ordered = sorted(missing, key=lambda artifact: -artifact.size)
    workers = min(CONNECTIONS, len(missing))
    with closing(Downloads(index)) as downloads, ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(_fetch_one, item, downloads, store, received) for item in ordered]
        try:
            _tell(futures, received, emit, lambda left: wait(left, SECONDS_BETWEEN_EVENTS))
        finally:
            downloads.stop()
            for future in futures:
                future.cancel()
    return {item.sha256: future.result() for item, future in zip(ordered, futures, strict=True)}


def _tell(
    futures: Sequence[Future[int]],
    received: _Count,
    emit: Emit,
    pause: Callable[[Sequence[Future[int]]], object],
) -> None:
    message = f"Fetching {len(futures)} {'wheel' if len(futures) == 1 else 'wheels'}"
    left = list(futures)
    while left:
        pause(left)
        for future in left:
            if future.done():
                future.result()
        left = [future for future in left if not future.done()]
        emit(progress("fetch", message, received.done, max(received.total, received.done)))


class _Count:
    """Bytes that have come and that are to come, counted by several threads."""

    def __init__(self, total: int) -> None:
        self.done, self.total, self._mutex = 0, total, Mutex()

    def add(self, done: int = 0, expected: int = 0) -> None:
        with self._mutex:
            self.done += done
            self.total += expected


def _fetch_one(artifact: Artifact, downloads: Downloads, store: Store, count: _Count) -> int:
    """Store the bytes of ``artifact``, if they are those, and return how many they are."""
    with store.writer() as writer:
        received = _received(artifact, writer, count)
        if artifact.url.startswith("file:"):
            _copy(artifact, received)
        else:
            downloads.get(artifact.url, received)
        if writer.digest != artifact.sha256:
            raise ArtifactCorrupt(artifact.url, artifact.sha256.hex, writer.digest.hex)
        writer.commit()
        return writer.size


def _received(artifact: Artifact, writer: BlobWriter, count: _Count) -> Received:
    most = artifact.size or UNKNOWN_SIZE_AT_MOST

    def write(data: bytes) -> None:
        refuse_surplus(writer.size + len(data))
        writer.write(data)
        count.add(len(data))

    def expect(length: int) -> None:
        refuse_surplus(length)
        if not artifact.size:
            count.add(expected=length)

    def refuse_surplus(length: int) -> None:
        if length > most:
            raise ArtifactCorrupt(artifact.url, artifact.sha256.hex, "", most=most)

    from .download import Received

    return Received(write, expect)


def _copy(artifact: Artifact, received: Received) -> None:
    try:
        file: BinaryIO = path_of(artifact.url).open("rb")
    except OSError as error:
        raise OfflineMissing([str(path_of(artifact.url))]) from error
    with file:
        while data := file.read(CHUNK):
            received.write(data)
