"""A blob on its way from a registry, resumed where the connection broke."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..digest import Digest
from ..errors.destination import RegistryProtocol, RegistryUnreachable
from .client import Repository
from .retry import PAUSES, Transient, retried
from .transport import reason_of

if TYPE_CHECKING:
    from .transport import Stream

_STEP = 4 << 20


class Download:
    """The bytes of a blob, read forwards; ``moved`` hears every few megabytes how many have come."""

    def __init__(
        self, repository: Repository, digest: Digest, size: int, moved: Callable[[int], None]
    ) -> None:
        self._repository, self._digest, self._size, self._moved = repository, digest, size, moved
        self._stream: Stream | None = None
        self._done = self._broken = self._told = 0

    def read(self, count: int, /) -> bytes:
        """Return at most ``count`` bytes, none at the end; RegistryUnreachable where resuming fails."""
        return retried(lambda: self._read(count), self._pause, lambda failure: failure.error)

    def close(self) -> None:
        """End the connection."""
        if self._stream:
            self._stream.response.close()
            self._stream.close()
        self._stream = None

    def _read(self, count: int) -> bytes:
        from http.client import HTTPException

        try:
            stream = self._stream = self._stream or self._begin()
            data = stream.response.read(count)
        except (OSError, HTTPException) as error:
            raise self._interrupted(reason_of(error)) from error
        except Transient:
            self.close()
            raise
        if not data and self._done < self._size:
            raise self._interrupted("the connection was dropped")
        self._done += len(data)
        if self._done > self._size:
            address = self._repository.origin.address
            raise RegistryProtocol(address, f"{self._digest} is longer than {self._size} bytes")
        if self._done - self._told >= _STEP or not data:
            self._told = self._done
            self._moved(self._done)
        return data

    def _begin(self) -> Stream:
        stream = self._repository.open_blob(self._digest, self._done)
        behind = self._done if stream.response.status == 200 else 0
        # A registry without ranges starts over: what we have already is read past.
        while behind:
            skipped = stream.response.read(min(behind, 1 << 18))
            if not skipped:
                break
            behind -= len(skipped)
        return stream

    def _interrupted(self, reason: str) -> Transient:
        self.close()
        self._broken += 1
        told = f"{reason}, {self._broken} times, after {self._done} of {self._size} bytes of {self._digest}"
        error = RegistryUnreachable(self._repository.origin.address, told)
        return Transient(reason, error, dropped=True)

    def _pause(self, seconds: float) -> None:
        if self._broken > 10 * len(PAUSES):
            # It moves on a little each time, and would for hours.
            address = self._repository.origin.address
            raise RegistryUnreachable(address, f"it dropped the connection {self._broken} times")
        self._repository.sleep(seconds)
