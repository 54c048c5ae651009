"""One blob on its way to a registry: there already, mounted, or sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from threading import Event

from ..digest import Digest
from ..errors import SeldonError
from ..errors.destination import RegistryProtocol, RegistryRefused, UploadInterrupted
from ..errors.store import BlobCorrupt
from ..layer import BlobSource
from .client import Repository
from .parallel import Stopped
from .retry import PAUSES, Transient, retried

_CHUNK = 1 << 17


class Way(Enum):
    """How a blob came to be in the target repository."""

    THERE = "there already"
    MOUNTED = "mounted"
    SENT = "sent"


@dataclass(frozen=True)
class Blob:
    """What is to be in the target repository: its bytes, and the repository that may lend them."""

    digest: Digest
    size: int
    source: BlobSource
    lender: str = ""


def upload(repository: Repository, blob: Blob, sent: Callable[[int], None], stop: Event) -> Way:
    """See to it that ``blob`` is in ``repository``; ``sent`` hears of bytes, negative when they were lost.

    A broken upload starts anew, up to four tries; then UploadInterrupted says why.
    """
    if repository.has_blob(blob.digest):
        return Way.THERE

    def attempt() -> Way:
        if stop.is_set():
            raise Stopped
        location = _begin(repository, blob)
        if location is None:
            return Way.MOUNTED
        _send(repository, location, blob, sent, stop)
        return Way.SENT

    def last(failure: Transient) -> SeldonError:
        if not failure.dropped:
            return failure.error
        host = repository.reference.host
        return UploadInterrupted(host, str(blob.digest), failure.reason, len(PAUSES) + 1)

    return retried(attempt, repository.sleep, last)


def _begin(repository: Repository, blob: Blob) -> str | None:
    if blob.lender:
        try:
            return repository.begin_upload(blob.digest, blob.lender)
        except (RegistryProtocol, RegistryRefused, Transient):
            # Some registries fail where they should decline to mount; sending always remains.
            return repository.begin_upload()
    return repository.begin_upload()


def _send(
    repository: Repository, location: str, blob: Blob, sent: Callable[[int], None], stop: Event
) -> None:
    counted = 0

    def chunks() -> Iterator[bytes]:
        nonlocal counted
        with blob.source.open() as stream:
            while chunk := stream.read(_CHUNK):
                if stop.is_set():
                    raise Stopped
                counted += len(chunk)
                if counted > blob.size:
                    raise BlobCorrupt(blob.digest)
                yield chunk
                sent(len(chunk))
        if counted != blob.size:
            raise BlobCorrupt(blob.digest)

    try:
        repository.finish_upload(location, blob.digest, chunks(), blob.size)
    except Transient:
        sent(-counted)
        raise
