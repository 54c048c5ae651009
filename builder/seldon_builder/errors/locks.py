"""What can be wrong with the lock files of other tools."""

from __future__ import annotations

from collections.abc import Sequence
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


class UpgradeUnknown(SeldonError):
    """A newer version was asked for of what is not in the lock."""

    exit_code: ClassVar[int] = 99

    def __init__(self, missing: Sequence[str], known: Sequence[str]) -> None:
        """``known`` is all that the lock has; nothing where there is no lock."""
        from difflib import get_close_matches

        near = sorted({match for name in missing for match in get_close_matches(name.lower(), known)})
        there = f" Near it are: {', '.join(near)}." if near else ""
        super().__init__(
            f"The lock does not have what is to be upgraded: {', '.join(missing)}.{there}"
            if known
            else f"There is no lock yet in which to upgrade {', '.join(missing)}.",
            hint="`seldon-python lock FOLDER` without --upgrade takes what is new in the requirements, and makes "
            "the first lock",
        )
        self.missing = tuple(missing)
        self.near = tuple(near)
