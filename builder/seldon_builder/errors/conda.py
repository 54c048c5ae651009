"""What can go wrong with conda: its environments, channels and packages."""

from __future__ import annotations

from typing import ClassVar

from . import SeldonError


class CondaPackageMalformed(SeldonError):
    """A conda package holds what cannot be installed below the image's one prefix."""

    exit_code: ClassVar[int] = 37

    def __init__(self, package: str, reason: str, member: str = "") -> None:
        where = f"{package}, member {member!r}" if member else package
        super().__init__(
            f"The conda package {where}: {reason}.",
            hint="the package is broken, harmful or too old: choose another build or version of it, or tell "
            "its channel",
        )
        self.package = package
        self.member = member
        self.reason = reason
