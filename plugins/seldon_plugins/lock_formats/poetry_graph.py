"""Which packages of a lock of poetry 1 the project needs: the lock tells neither groups nor markers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from seldon_builder.dependencies.selection import Chosen
from seldon_builder.lock import canonical_name

from ..projects.poetry_versions import alternatives
from .lock_forks import newest_for_each_python, python_marker
from .lock_markers import left_of, reached
from .lock_reading import all_of, any_of

if TYPE_CHECKING:
    from .poetry_lock_reading import PoetryLock

# A package by its position in the lock, and an extra of it, "" for the package itself.
_Node = tuple[int, str]


@dataclass(frozen=True)
class Graph:
    """The packages of a lock and what leads from the project to them."""

    poetry: PoetryLock
    chosen: Chosen

    def markers(self) -> list[tuple[int, str]]:
        """Return the packages that the chosen groups and extras need, by position, each with its marker."""
        ways: dict[int, list[str]] = {}
        for (position, _), marker in reached(list(self._roots()), self._following).items():
            ways.setdefault(position, []).append(marker)
        return [(position, any_of(ways[position])) for position in sorted(ways)]

    @cached_property
    def _by_name(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for position, package in enumerate(self.poetry.packages):
            found.setdefault(canonical_name(self.poetry.written.string(package, "name")), []).append(position)
        return found

    @cached_property
    def _packages(self) -> list[dict[str, Any]]:
        return self.poetry.packages

    def _roots(self) -> Iterator[tuple[_Node, str]]:
        project, settings = self.poetry.project, self.poetry.settings
        extras = project.table(settings, "extras")
        wanted = {
            canonical_name(name)
            for extra in extras
            if canonical_name(extra) in self.chosen.extras
            for name in project.texts(extras, extra)
        }
        tables = [project.table(settings, "dependencies")]
        tables += [
            table for name, table in self.poetry.groups.items() if canonical_name(name) in self.chosen.groups
        ]
        for table in tables:
            for name, entry in table.items():
                if name.lower() != "python":
                    yield from self._edges(name, entry, Chosen(extras=self.chosen.extras), wanted)

    def _following(self, node: _Node) -> Iterator[tuple[_Node, str]]:
        position, extra = node
        package, written = self._packages[position], self.poetry.written
        extras = written.table(package, "extras")
        of_extra = {
            canonical_name(line.split("[")[0].split("(")[0].split(";")[0].strip())
            for name in extras
            if extra and canonical_name(name) == extra
            for line in written.texts(extras, name)
        }
        chosen = Chosen(extras=frozenset([extra] if extra else []))
        for name, entry in written.table(package, "dependencies").items():
            yield from self._edges(name, entry, chosen, of_extra)

    def _edges(
        self, name: str, entry: object, chosen: Chosen, wanted: set[str]
    ) -> Iterator[tuple[_Node, str]]:
        for one in entry if isinstance(entry, list) else [entry]:
            constraint: Mapping[str, Any] = one if isinstance(one, dict) else {"version": one}
            if constraint.get("optional") and canonical_name(name) not in wanted:
                continue
            marker = left_of(self._marker(constraint), chosen)
            if marker is None:
                continue
            for position, python in self._locked(name, str(constraint.get("version", "*"))):
                for extra in ("", *map(str, constraint.get("extras", ()))):
                    yield (position, canonical_name(extra)), all_of([marker, python])

    def _marker(self, constraint: Mapping[str, Any]) -> str:
        platform = constraint.get("platform")
        try:
            python = python_marker(str(constraint["python"])) if "python" in constraint else ""
        except ValueError as error:
            raise self.poetry.written.unreadable(str(error)) from error
        system = f'sys_platform == "{platform}"' if platform else ""
        return all_of([str(constraint.get("markers", "")), python, system])

    def _locked(self, name: str, constraint: str) -> list[tuple[int, str]]:
        """Return what is locked of ``name`` and fits, by position, with the Pythons that it is taken for."""
        positions = self._by_name.get(canonical_name(name), [])
        if len(positions) < 2:
            return [(position, "") for position in positions]
        package = self._packages
        try:
            allowed = alternatives(constraint)
            fitting = [
                (
                    position,
                    str(package[position]["version"]),
                    str(package[position].get("python-versions", "*")),
                )
                for position in positions
                if any(one.contains(str(package[position]["version"]), prereleases=True) for one in allowed)
            ]
            return list(newest_for_each_python(fitting)) if len(fitting) > 1 else [(fitting[0][0], "")]
        except (ValueError, KeyError, IndexError) as error:
            raise self.poetry.written.unreadable(f"the versions of {name}: {error}") from error
