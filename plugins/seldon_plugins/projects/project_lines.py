"""The requirement lines of a project: each is checked, and all that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from packaging.requirements import Requirement as Pep508
from packaging.specifiers import SpecifierSet
from seldon_builder.dependencies.requirement_places import NeedsBuild, PlaceInvalid, placed_requirement
from seldon_builder.dependencies.requirements_file import LONGEST, reason_of, shown
from seldon_builder.dependencies.url_credentials import checked_index, masked, split_credentials
from seldon_builder.detection import Requirement
from seldon_builder.errors.projects import ProjectUnreadable
from seldon_builder.errors.resolution import BadLine, PackageWithoutWheel
from seldon_builder.lock import canonical_name
from seldon_builder.package_index import IndexCredential
from seldon_builder.source import Source


class Lines:
    """Takes lines as they are written, gives requirements, and keeps what was wrong and the passwords."""

    def __init__(self, source: Source, file: str, text: str = "") -> None:
        """``file`` is what the lines stand in, relative to the model folder, and ``text`` what it holds."""
        self.source, self.file, self._text = source, file, text
        self.bad: list[BadLine] = []
        self.unbuilt: list[BadLine] = []
        self.credentials: list[IndexCredential] = []

    def read(self, lines: object, where: str) -> tuple[Requirement, ...]:
        """Read a list of lines that stands under the key ``where``."""
        if not isinstance(lines, list | tuple):
            self.refuse(where, "it must be a list of requirements")
            return ()
        return tuple(found for line in lines for found in self.one(line, where))

    def one(self, line: object, where: str) -> tuple[Requirement, ...]:
        """Read one line; nothing where it is wrong."""
        if not isinstance(line, str):
            self.refuse(where, f"{shown(str(line))} is no requirement, which is a string")
            return ()
        origin = self.origin(line, where)
        try:
            return (self._requirement(line, origin),)
        except NeedsBuild as reason:
            self.unbuilt.append(BadLine(origin, shown(line), str(reason)))
        except (ValueError, OSError, RecursionError) as error:
            self.bad.append(BadLine(origin, shown(line), masked(reason_of(error))))
        return ()

    def python(self, specifier: str, where: str) -> str:
        """Return the versions of Python that are asked for, as PEP 440 has them."""
        try:
            if len(specifier) > LONGEST:
                raise PlaceInvalid(f"it has more than {LONGEST} characters")
            return str(SpecifierSet(specifier)) and specifier.strip()
        except ValueError as error:
            self.bad.append(BadLine(self.origin(specifier, where), shown(specifier), reason_of(error)))
        return ""

    def index_url(self, url: str, where: str) -> str:
        """Return the URL of an index without its user and password, which are kept; "" where it is wrong."""
        try:
            bare, credential = split_credentials(checked_index(url))
        except ValueError as error:
            self.refuse(where, str(error))
            return ""
        self.credentials += [credential] if credential else []
        return bare

    def refuse(self, where: str, reason: str) -> None:
        """Keep that what stands under ``where`` is wrong."""
        self.bad.append(BadLine(f"{self.file} [{where}]", "", masked(reason)))

    def origin(self, line: str, where: str) -> str:
        """Return ``file:line``, or the key where the text is not found as it is written."""
        at = self._text.find(line) if line and len(line) <= LONGEST else -1
        return f"{self.file}:{self._text.count(chr(10), 0, at) + 1}" if at >= 0 else f"{self.file} [{where}]"

    def check(self) -> None:
        """Raise what was wrong."""
        if self.bad:
            raise ProjectUnreadable(self.bad)
        if self.unbuilt:
            raise PackageWithoutWheel(self.unbuilt)

    def _requirement(self, line: str, origin: str) -> Requirement:
        if len(line) > LONGEST:
            raise PlaceInvalid(f"a requirement has at most {LONGEST} characters")
        parsed = Pep508(line)
        if not parsed.url:
            return Requirement(line, origin)
        if "://" in parsed.url and not parsed.url.startswith("git+ssh:"):
            bare, credential = split_credentials(parsed.url)
            line = line.replace(parsed.url, bare)
            self.credentials += [credential] if credential else []
        return placed_requirement(self.source, Path(self.file), line, origin)


def without_self(
    name: str, requirements: Iterable[Requirement], extras: Mapping[str, tuple[Requirement, ...]]
) -> tuple[Requirement, ...]:
    """Replace ``name[extra]``, by which a project means itself, by what that extra asks for."""
    found: list[Requirement] = []
    pending, seen = list(requirements), set[str]()
    while pending:
        item = pending.pop(0)
        if not name or item.build or item.name != name:
            found.append(item)
            continue
        named = sorted(canonical_name(extra) for extra in Pep508(item.line).extras)
        wanted = [extra for extra in named if extra not in seen]
        seen.update(wanted)
        pending[:0] = [with_marker(one, item) for extra in wanted for one in extras.get(extra, ())]
    return tuple(dict.fromkeys(found))


def with_marker(requirement: Requirement, other: Requirement) -> Requirement:
    """Return ``requirement`` under the marker of ``other`` as well."""
    outer = Pep508(other.line).marker
    if outer is None:
        return requirement
    parsed = Pep508(requirement.line)
    marker = f"({parsed.marker}) and ({outer})" if parsed.marker else str(outer)
    parsed.marker = None
    return replace(requirement, line=f"{parsed} ; {marker}")
