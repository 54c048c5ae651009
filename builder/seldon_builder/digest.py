"""Content digests, as OCI writes them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SHA256_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, order=True)
class Digest:
    """A sha256 digest: 64 lowercase hexadecimal digits."""

    hex: str

    def __post_init__(self) -> None:
        if not SHA256_HEX.fullmatch(self.hex):
            raise ValueError(f"not a sha256 digest: {self.hex!r}")

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read ``sha256:<hex>``; a ValueError for anything else."""
        algorithm, _, digits = text.partition(":")
        if algorithm != "sha256":
            raise ValueError(f"not a sha256 digest: {text!r}")
        return cls(digits)

    @classmethod
    def of(cls, content: bytes) -> Digest:
        """Digest ``content``."""
        return cls(hashlib.sha256(content).hexdigest())

    @classmethod
    def of_file(cls, path: Path) -> Digest:
        """Digest a file of any size."""
        with path.open("rb") as file:
            return cls(hashlib.file_digest(file, "sha256").hexdigest())

    def __str__(self) -> str:
        return f"sha256:{self.hex}"
