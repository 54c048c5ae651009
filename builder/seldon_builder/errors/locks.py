"""What can be wrong with the lock files of other tools."""

from __future__ import annotations

from typing import ClassVar

from . import SeldonError


class LockUnreadable(SeldonError):
    """A lock file is malformed, or of a version of its format that is not known."""

    exit_code: ClassVar[int] = 38

    def __init__(self, path: str, reason: str, command: str) -> None:
        """``command`` writes the file anew."""
        super().__init__(
            f"{path} cannot be read: {reason}.",
            hint=f"write it anew with `{command}`; or name another resolver (--resolver, docs/resolvers.md)",
        )
        self.path = path
        self.reason = reason
