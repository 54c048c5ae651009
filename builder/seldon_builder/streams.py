"""Bytes that are checked against their digest while they are read."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from contextlib import ExitStack
from typing import BinaryIO, Protocol

from .digest import Digest
from .errors import SeldonError
from .store import Store

_BUFFER = 1 << 18


class Readable(Protocol):
    """Anything with bytes to read and an end."""

    def read(self, count: int, /) -> bytes:
        """Return at most ``count`` bytes, none at the end."""

    def close(self) -> None:
        """Let go of what the bytes come from."""


def verified(
    source: Readable, digest: Digest, wrong: Callable[[], SeldonError], store: Store | None = None
) -> BinaryIO:
    """Return ``source`` as a stream that raises ``wrong()`` at its end unless the bytes have ``digest``.

    With a ``store``, bytes that were read to the end are kept there; before it nothing of them is.
    """
    return io.BufferedReader(_Verified(source, digest, wrong, store), _BUFFER)


class _Verified(io.RawIOBase):
    def __init__(
        self, source: Readable, digest: Digest, wrong: Callable[[], SeldonError], store: Store | None
    ) -> None:
        self._source, self._digest, self._wrong = source, digest, wrong
        self._hash, self._ended, self._stack = hashlib.sha256(), False, ExitStack()
        self._stack.callback(source.close)
        self._writer = self._stack.enter_context(store.writer()) if store else None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed wants Buffer (3.12)
        if self._ended or not len(buffer):
            return 0
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        self._hash.update(data)
        if self._writer:
            self._writer.write(data)
        if not data:
            self._end()
        return len(data)

    def _end(self) -> None:
        if self._hash.hexdigest() != self._digest.hex:
            raise self._wrong()
        if self._writer:
            self._writer.commit()
        self._ended = True

    def close(self) -> None:
        self._stack.close()
        super().close()
