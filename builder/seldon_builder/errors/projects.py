"""What can go wrong between a project's own files and what it asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from . import SeldonError
from .resolution import BadLine


class ProjectUnreadable(SeldonError):
    """A setup.py, setup.cfg, pyproject.toml or script header cannot be read, or says what means nothing."""

    exit_code: ClassVar[int] = 4

    def __init__(self, lines: Sequence[BadLine], *, hint: str = "") -> None:
        listed = "".join(f"\n  {line}" for line in lines)
        super().__init__(
            f"The project cannot be read:{listed}",
            hint=hint or "docs/projects.md lists what is read; --resolver names another file's resolver",
        )
        self.lines = tuple(lines)


class GroupUnknown(SeldonError):
    """The project has no dependency group, or no extra, of a name that the user gave."""

    exit_code: ClassVar[int] = 5

    def __init__(self, unknown: Sequence[tuple[str, str, Iterable[str]]]) -> None:
        """``unknown`` holds what it should be ("group"), the name, and those names that there are."""
        listed = "".join(
            f"\n  {kind} {name}: there is {', '.join(sorted(known)) or 'none'}"
            for kind, name, known in unknown
        )
        super().__init__(
            f"The project does not have all that was asked for:{listed}",
            hint="groups are named by --group or SELDON_GROUPS, extras by --extra or SELDON_EXTRAS, both "
            "also by [io.seldon] of project.toml",
        )
        self.unknown = tuple((kind, name) for kind, name, _ in unknown)
