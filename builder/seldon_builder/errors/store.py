"""What can go wrong with the store."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from ..digest import Digest
from . import SeldonError


class BlobCorrupt(SeldonError):
    """A stored blob no longer has the bytes that its name promises; it was discarded."""

    exit_code: ClassVar[int] = 30

    def __init__(self, digest: Digest) -> None:
        super().__init__(
            f"The stored blob {digest} was damaged and has been discarded.",
            hint="run the command again; it is made or fetched anew. If this recurs, check the disk.",
        )
        self.digest = digest


class StoreFull(SeldonError):
    """The disk of the store has no room left."""

    exit_code: ClassVar[int] = 31

    def __init__(self, place: Path) -> None:
        super().__init__(
            f"No space left on the disk of {place}.",
            hint="free some space (`seldon-python store prune`), or choose another place with --store DIR",
        )
        self.place = place


class StoreUnusable(SeldonError):
    """The store cannot be read or written."""

    exit_code: ClassVar[int] = 32

    def __init__(self, place: Path, error: OSError) -> None:
        super().__init__(
            f"Cannot use the store at {place}: {error.strerror or error}.",
            hint="choose another place with --store DIR or XDG_CACHE_HOME",
        )
        self.place = place
