"""Tars of strangers: tarfile alone takes headers of any length into memory, and never tires of them."""

from __future__ import annotations

import os
import tarfile
from typing import BinaryIO, cast

from seldon_builder.errors.conda import CondaPackageMalformed

# Longer than any path, and than what a tar says of one file besides.
HEADER_AT_MOST = 1 << 20


def bounded_tar(stream: BinaryIO, package: str, most: int) -> tarfile.TarFile:
    """Open a tar that is read forwards, of which CondaPackageMalformed ends what is past ``most`` bytes."""
    return tarfile.open(fileobj=cast(BinaryIO, _Bounded(stream, package, most)), mode="r:")


class _Bounded:
    """The part of a file that tarfile uses; it reads members in small parts, and headers whole."""

    def __init__(self, stream: BinaryIO, package: str, most: int) -> None:
        self._stream, self._package, self._most = stream, package, most
        self.tell = stream.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= HEADER_AT_MOST:
            reason = f"it has a header of more than {HEADER_AT_MOST} bytes"
            raise CondaPackageMalformed(self._package, reason)
        self._refuse_beyond(self.tell() + size)
        return self._stream.read(size)

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        assert whence == os.SEEK_SET
        self._refuse_beyond(place)
        return self._stream.seek(place)

    def _refuse_beyond(self, place: int) -> None:
        if place > self._most:
            reason = f"what it says of itself does not end within {self._most} bytes"
            raise CondaPackageMalformed(self._package, reason)
