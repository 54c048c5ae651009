"""Dependency groups and extras: those that the user names are taken, none by default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seldon_builder.detection import Requirement
from seldon_builder.lock import canonical_name

from .project_lines import Lines

TABLE, INCLUDE = "dependency-groups", "include-group"
_DEEPEST = 100


class Groups:
    """The table ``[dependency-groups]`` of a pyproject.toml (PEP 735)."""

    def __init__(self, table: Mapping[str, Any], lines: Lines) -> None:
        self._lines, self._groups = lines, dict[str, Any]()
        for name, members in table.items():
            if canonical_name(name) in self._groups:
                lines.refuse(TABLE, f"{name} is there twice, as names are normalised")
            self._groups[canonical_name(name)] = members

    @property
    def names(self) -> frozenset[str]:
        """The normalised names of the groups."""
        return frozenset(self._groups)

    def read(self, name: str, within: tuple[str, ...] = ()) -> tuple[Requirement, ...]:
        """Read a group and those that it includes; what is wrong stays with the lines."""
        members, where = self._groups.get(name), f"{TABLE}.{name}"
        if not isinstance(members, list):
            self._lines.refuse(where, "it must be a list")
            return ()
        found: list[Requirement] = []
        for member in members:
            if isinstance(member, dict):
                found += self._included(member, where, (*within, name))
            else:
                found += self._lines.one(member, where)
        return tuple(dict.fromkeys(found))

    def _included(
        self, member: Mapping[str, Any], where: str, within: tuple[str, ...]
    ) -> tuple[Requirement, ...]:
        included = member.get(INCLUDE)
        if set(member) != {INCLUDE} or not isinstance(included, str):
            self._lines.refuse(where, f'{dict(member)} is neither a requirement nor {{{INCLUDE} = "..."}}')
            return ()
        name = canonical_name(included)
        if name in within:
            circle = " -> ".join((*within[within.index(name) :], name))
            self._lines.refuse(where, f"it includes itself: {circle}")
            return ()
        if name not in self._groups:
            self._lines.refuse(where, f"it includes {included}, and there is no such group")
            return ()
        if len(within) > _DEEPEST:
            self._lines.refuse(where, f"groups include each other at most {_DEEPEST} deep")
            return ()
        return self.read(name, within)
