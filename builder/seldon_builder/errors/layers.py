"""What can go wrong while layers are made."""

from __future__ import annotations

from typing import ClassVar

from . import SeldonError


class WheelMalformed(SeldonError):
    """A wheel holds what no installer may unpack."""

    exit_code: ClassVar[int] = 33

    def __init__(self, wheel: str, reason: str, member: str = "") -> None:
        where = f"{wheel}, member {member!r}" if member else wheel
        super().__init__(
            f"The wheel {where}: {reason}.",
            hint="the wheel is broken or harmful: choose another version of the package, or tell its authors",
        )
        self.wheel = wheel
        self.member = member
        self.reason = reason


class ContentChanged(SeldonError):
    """A file had another length when it was read than when the build looked at it."""

    exit_code: ClassVar[int] = 34

    def __init__(self, path: str, expected: int, found: int) -> None:
        super().__init__(
            f"{path} changed while the build read it: {expected} bytes expected, {found} found.",
            hint="let whatever writes this file finish, then build again",
        )
        self.path = path
        self.expected = expected
        self.found = found


class BytecodeIncomplete(SeldonError):
    """The base image's Python ended without having compiled all it was given."""

    exit_code: ClassVar[int] = 35

    def __init__(self, version: str) -> None:
        super().__init__(
            f"The base image's Python {version} did not compile all the files it was given.",
            hint="check that the base image's Python works, or leave bytecode out with --no-bytecode",
        )
        self.version = version


class TooManyLayers(SeldonError):
    """The base image has so many layers that ours no longer fit on it."""

    exit_code: ClassVar[int] = 36

    def __init__(self, count: int, in_base: int, most: int) -> None:
        super().__init__(
            f"The image would have {count} layers, {in_base} of them the base's; at most {most} fit.",
            hint="use a base image with fewer layers (squash it), or --no-bytecode, which needs fewer",
        )
        self.count = count
