"""Dependencies that have no wheel for the target: built from their source archives, then resolved with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..dependencies.resolver import Ask
from ..detection import Detection, Requirement
from ..errors.building import BuildFailed, BuildImpossible
from ..errors.resolution import PackageWithoutWheel, ResolutionConflict, taking_python
from ..events import decision, warning
from ..layers.content_digests import file_digest
from ..lock import Lock, canonical_name
from ..package_index import PackageIndex
from ..store import Store

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

    from .builder import Builder

# Each round tells of at least one package that the one before could not know of.
MOST_ROUNDS = 20
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_SPECIFIER = r"[<>=!~]=?=?[^\s,]+(?:,\s?[<>=!~]=?=?[^\s,]+)*"


def locked_with_built(
    builder: Builder, detection: Detection, index: PackageIndex, lacking: PackageWithoutWheel, ask: Ask
) -> Lock:
    """Build what ``lacking`` names and ``ask`` again, until nothing lacks; else raise the last error.

    ResolutionConflict where wheels are there: then no archive would help, and none is built.
    """
    from .index_pages import WheelThere

    search = _Search(builder, detection, index)
    built: dict[str, Path] = {}
    for _ in range(MOST_ROUNDS):
        names = {_name(package.line) for package in lacking.packages} - built.keys()
        try:
            found = {name: search.wheel(name, lacking) for name in sorted(names)}
        except WheelThere:
            raise _conflict(detection, lacking) from lacking
        if not found or not all(found.values()):
            raise lacking
        built |= {name: wheel for name, wheel in found.items() if wheel}
        links = (*index.find_links, *(str(wheel.parent) for wheel in built.values()))
        try:
            return ask(_allowing(detection, built, builder.resolver.store), replace(index, find_links=links))
        except PackageWithoutWheel as error:
            lacking = error
    raise lacking


@dataclass(frozen=True)
class _Search:
    """Looks for source archives on behalf of one resolution."""

    builder: Builder
    detection: Detection
    index: PackageIndex

    def wheel(self, name: str, lacking: PackageWithoutWheel) -> Path | None:
        """Return the wheel of the newest archive that fits, built where it was not; None where none fits."""
        asked = [item for item in self._lines if item.name == name]
        wanted = _said(name, asked, lacking)
        found, key = self.builder.found, f"{name} {wanted} {self.index.offline}"
        if key not in found:
            found[key] = self._built(name, wanted, asked, lacking)
        return found[key]

    def _built(
        self, name: str, wanted: SpecifierSet, asked: list[Requirement], lacking: PackageWithoutWheel
    ) -> Path | None:
        from .index_pages import best_archive

        resolver = self.builder.resolver
        archive = best_archive(name, wanted, asked, self.index, self.builder.images.target, resolver.store)
        if archive is None:
            return None
        where = f"Python {resolver.target.python} on {resolver.target.platform}"
        why = f"it has no wheel for {where}, so its source archive is built"
        if lacking.python and not any(self.builder.found.values()):
            resolver.emit(warning("lock", _spared(lacking.python, resolver.target.python)))
        resolver.emit(decision("lock", f"Taking {name} {archive.version}: {why}"))
        try:
            return self.builder.build_archive(archive.name, archive.version, archive.url, archive.sha256)
        except BuildImpossible as error:
            if error.is_general:
                raise lacking from error
            raise
        except BuildFailed as error:
            if not lacking.python:
                raise
            hint = f"{taking_python(lacking.python)}; or {error.hint}"
            raise BuildFailed(error.package, error.reason, error.output, hint=hint) from error

    @property
    def _lines(self) -> tuple[Requirement, ...]:
        return (*self.detection.requirements, *self.detection.constraints)


def _spared(python: str, instead: str) -> str:
    return (
        f"Python {python} has wheels of all that is asked for, Python {instead} has not: --python {python} "
        f"(or {python} in .python-version) spares building them, which takes long where they are compiled"
    )


def _conflict(detection: Detection, lacking: PackageWithoutWheel) -> ResolutionConflict:
    spoken = {canonical_name(word) for word in _NAME.findall(lacking.explanation)}
    asked = (*detection.requirements, *detection.constraints)
    sides = [f"{item.line}  ({item.origin})" for item in asked if item.name in spoken]
    return ResolutionConflict(sides, lacking.explanation)


def _name(line: str) -> str:
    found = _NAME.match(line)
    return canonical_name(found[0]) if found else ""


def _said(name: str, asked: list[Requirement], lacking: PackageWithoutWheel) -> SpecifierSet:
    """Gather what the user asks of ``name``, and what others do as far as the engine speaks of it."""
    from packaging.requirements import Requirement as Pep508
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    wanted = SpecifierSet()
    for item in asked:
        wanted &= Pep508(item.line).specifier
    text = re.sub(r"\s+", " ", lacking.explanation)
    spelled = re.sub(r"[-_.]+", "[-_.]+", re.escape(name).replace(r"\-", "-"))
    for said in re.findall(rf"depends? on {spelled}(?:\[[^\]]*\])?({_SPECIFIER})", text, re.IGNORECASE):
        try:
            wanted &= SpecifierSet(said.rstrip("."))
        except InvalidSpecifier:
            continue
    return wanted


def _allowing(detection: Detection, built: Mapping[str, Path], store: Store) -> Detection:
    """Let a hashed requirement, whose hash the archive had, be met by the wheel that was built of it."""

    def allowed(item: Requirement) -> Requirement:
        if not item.hashes or item.name not in built:
            return item
        return replace(item, hashes=(*item.hashes, str(file_digest(built[item.name], store))))

    return replace(
        detection,
        requirements=tuple(map(allowed, detection.requirements)),
        constraints=tuple(map(allowed, detection.constraints)),
    )
