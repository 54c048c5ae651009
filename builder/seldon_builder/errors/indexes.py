"""What can go wrong with the places that packages come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from . import SeldonError


class LocalWheelUnfit(SeldonError):
    """A wheel of a local folder is damaged, or the only one of its name and of no use here."""

    exit_code: ClassVar[int] = 93

    def __init__(self, wheels: Sequence[tuple[str, str]], needed: str = "", explanation: str = "") -> None:
        """``wheels`` are names and reasons; ``needed`` is what a wheel of use would be for."""
        listed = "".join(f"\n  {name}: {reason}" for name, reason in wheels)
        wanted = f"\nWhat fits is for {needed}." if needed else ""
        more = "".join(f"\n  {line}" for line in ("", *explanation.splitlines())) if explanation else ""
        super().__init__(
            f"Local wheels that cannot be used:{listed}{wanted}{more}",
            hint="put wheels for the image's Python and platform there (`seldon-python download` does), "
            "or let an index have them"
            if needed
            else "copy them anew, or take them out of the folder",
        )
        self.wheels = tuple(wheels)
        self.needed = needed
        self.explanation = explanation


def _listed(problems: Sequence[str]) -> str:
    return "".join(f"\n  {problem}" for problem in problems)


class IndexConfigurationInvalid(SeldonError):
    """A file of pip, uv or netrc, or a variable, says something of indexes that cannot be used."""

    exit_code: ClassVar[int] = 94

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(
            f"These settings of package indexes cannot be used:{_listed(problems)}",
            hint="correct them, or leave them out of this build; docs/indexes.md tells which files are read "
            "and what they may say",
        )
        self.problems = tuple(problems)


class BindingInvalid(SeldonError):
    """A service binding lacks its type, or is of a type of ours and not what that must be."""

    exit_code: ClassVar[int] = 95

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(
            f"These service bindings cannot be used:{_listed(problems)}",
            hint="a binding is a folder with a file `type` (pypi, pip, ca-certificates) and one file a key; "
            "docs/indexes.md lists the keys",
        )
        self.problems = tuple(problems)


class OnlyYanked(SeldonError):
    """All versions that would do were yanked from the index by their authors."""

    exit_code: ClassVar[int] = 96

    def __init__(self, wanted: str, sides: Sequence[str], explanation: str) -> None:
        told = "".join(f"\n  {line}" for line in ("", *explanation.splitlines())) if explanation else ""
        super().__init__(
            f"Only yanked versions meet {wanted}:{_listed(sides)}{told}",
            hint="take another version: its authors withdrew it, mostly for a defect; whoever needs it all "
            "the same pins it with == to that very version",
        )
        self.wanted = wanted
        self.sides = tuple(sides)
        self.explanation = explanation
