"""What can be wrong with the wish for newer versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from . import SeldonError


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
            hint="`seldon-python lock FOLDER` without --upgrade takes what is new in the requirements, "
            "and makes the first lock",
        )
        self.missing = tuple(missing)
        self.near = tuple(near)
