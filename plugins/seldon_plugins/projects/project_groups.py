"""Dependency groups and extras: those that the user names are taken, none by default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from seldon_builder.dependencies.selection import EXTRAS, GROUPS, named
from seldon_builder.detection import Requirement
from seldon_builder.errors.projects import GroupUnknown
from seldon_builder.lock import canonical_name
from seldon_builder.settings import Settings

from .project_lines import Lines

TABLE, INCLUDE = "dependency-groups", "include-group"
_DEEPEST = 100


@dataclass(frozen=True)
class Selection:
    """The groups and extras that the user named, normalised."""

    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()

    def check(self, groups: Iterable[str], extras: Iterable[str] | None) -> None:
        """Raise GroupUnknown for what is not there; ``extras`` is None where only a build tells."""
        there, more = set(groups), set(extras or ())
        unknown = [("group", name, there) for name in self.groups if name not in there]
        if extras is not None:
            unknown += [("extra", name, more) for name in self.extras if name not in more]
        if unknown:
            raise GroupUnknown(unknown)


def selection(settings: Settings) -> Selection:
    """Read which groups and extras the user named."""
    return Selection(named(settings, GROUPS), named(settings, EXTRAS))


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
