"""Read pdm.lock, of the formats 4.x."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from seldon_builder.dependencies.selection import Chosen
from seldon_builder.detection import Detection
from seldon_builder.errors.resolution import LockOutdated
from seldon_builder.lock import canonical_name
from seldon_builder.settings import Settings
from seldon_builder.source import Source

from .lock_forks import newest_for_each_python
from .lock_markers import left_of, reached
from .lock_pins import Pins
from .lock_reading import Written, all_of, cannot_tell

FILE, PROJECT, COMMAND = "pdm.lock", "pyproject.toml", "pdm lock"
DEFAULT = "default"
_MACHINES = ("x86_64", "aarch64", "arm64", "amd64", "i686", "armv7l")
# A package by its position in the lock: pdm has an entry of its own for each set of extras.
_Node = int


@dataclass(frozen=True)
class PdmLock:
    """The lock and the project that it is for."""

    written: Written
    project: Written
    lock: dict[str, Any]
    content: dict[str, Any]

    @property
    def metadata(self) -> dict[str, Any]:
        """What the lock says of itself."""
        return self.written.table(self.lock, "metadata")

    @cached_property
    def packages(self) -> list[dict[str, Any]]:
        """Every package of every group."""
        return self.written.tables(self.lock, "package")

    @property
    def described(self) -> dict[str, Any]:
        """The project's own table."""
        return self.project.table(self.content, "project")

    @property
    def settings(self) -> dict[str, Any]:
        """What the project says to pdm."""
        return self.project.table(self.project.table(self.content, "tool"), "pdm")

    @cached_property
    def groups(self) -> dict[str, list[Any]]:
        """The dependency groups, those of pdm's own spelling among them, by their normalised names."""
        found: dict[str, list[Any]] = {}
        older = self.project.table(self.settings, "dev-dependencies")
        for table in (self.project.table(self.content, "dependency-groups"), older):
            for name, lines in table.items():
                found.setdefault(canonical_name(name), []).extend(self.project.of(lines, list, name))
        return found

    @property
    def extras(self) -> dict[str, list[str]]:
        """What each extra of the project asks for."""
        table = self.project.table(self.described, "optional-dependencies")
        return {name: self.project.texts(table, name) for name in table}


def read_pdm_lock(source: Source, settings: Settings, claim: Detection) -> Detection:
    """Fill ``claim`` with what the lock says; LockOutdated where the project asks for something else."""
    written, project = Written(source, FILE, COMMAND), Written(source, PROJECT, COMMAND)
    has_project = source.has(PROJECT)
    pdm = PdmLock(written, project, written.toml(), project.toml() if has_project else {})
    _check_version(pdm)
    if has_project:
        _check_fresh(pdm)
    chosen = Chosen.of(settings)
    locked = frozenset(map(canonical_name, written.texts(pdm.metadata, "groups")))
    _check_chosen(pdm, chosen, locked)
    pins = Pins(written, environments=list(_environments(pdm)))
    for position, marker in _needed(pdm, chosen, has_project=has_project):
        _take(pins, written, pdm.packages[position], marker)
    told = pins.own(source) if has_project else cannot_tell(f"there is no {PROJECT}")
    return replace(pins.detection(claim), requires_python=_python(pdm), reason=f"{claim.reason}; {told}")


def _check_version(pdm: PdmLock) -> None:
    text = pdm.written.string(pdm.metadata, "lock_version", "")
    if text.split(".")[0] != "4":
        raise pdm.written.unreadable(f"it is of lock_version {text[:20]!r}; 4 is known")


def _check_chosen(pdm: PdmLock, chosen: Chosen, locked: frozenset[str]) -> None:
    """Hold what was chosen to what was locked: pdm leaves out extras that nobody named to it."""
    extras = frozenset(map(canonical_name, pdm.extras))
    there = locked or {*pdm.groups, *extras}
    groups = (there - extras if pdm.content else there) - {DEFAULT}
    chosen.check(groups, there & extras if pdm.content else there - {DEFAULT})


def _check_fresh(pdm: PdmLock) -> None:
    """Compare the hash that pdm took of what the project asks for."""
    algorithm, _, locked = pdm.written.string(pdm.metadata, "content_hash", "").partition(":")
    asked = {
        "sources": pdm.settings.get("source", []),
        "dependencies": pdm.described.get("dependencies", []),
        "dev-dependencies": pdm.groups,
        "optional-dependencies": pdm.described.get("optional-dependencies", {}),
        "requires-python": pdm.described.get("requires-python", ""),
        "resolution": pdm.settings.get("resolution", {}),
    }
    # Older releases of pdm hash the overrides alone.
    older = {**asked, "overrides": pdm.project.table(asked, "resolution").get("overrides", {})}
    del older["resolution"]
    if algorithm != "sha256" or locked not in {_hashed(pdm, asked), _hashed(pdm, older)}:
        change = f"{PROJECT} asks for something else than when pdm wrote it (metadata.content_hash)"
        raise LockOutdated(FILE, [change], COMMAND)


def _hashed(pdm: PdmLock, asked: Mapping[str, Any]) -> str:
    try:
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    except TypeError as error:
        raise pdm.project.unreadable(f"what it asks for holds what is no text: {error}") from error


def _python(pdm: PdmLock) -> str:
    targets = pdm.written.tables(pdm.metadata, "targets")
    found = {pdm.written.string(target, "requires_python", "") for target in targets}
    return found.pop() if len(found) == 1 else str(pdm.described.get("requires-python", ""))


def _environments(pdm: PdmLock) -> Iterator[str]:
    """Yield the markers of the platforms that it was locked for; nothing where it is for all of them."""
    targets = pdm.written.tables(pdm.metadata, "targets")
    platforms = [str(target.get("platform", "")) for target in targets]
    for platform in platforms if all(platforms) else ():
        system = {"windows": "win32", "macos": "darwin"}.get(platform.split("_")[0], "linux")
        machine = next((name for name in _MACHINES if platform.endswith(name)), "")
        of_machine = f' and platform_machine == "{machine}"' if machine else ""
        yield f'sys_platform == "{system}"{of_machine}'


def _needed(pdm: PdmLock, chosen: Chosen, *, has_project: bool) -> Iterable[tuple[int, str]]:
    """Return the packages that the chosen groups and extras need, by position, each with its marker."""
    names = chosen.groups | chosen.extras | {DEFAULT}
    if not pdm.packages or any("groups" in package for package in pdm.packages):
        for position, package in enumerate(pdm.packages):
            groups = frozenset(map(canonical_name, pdm.written.texts(package, "groups")))
            if groups & names:
                yield position, pdm.written.string(package, "marker", "")
        return
    if not has_project:
        raise pdm.written.unreadable(
            f"its strategy leaves out the groups, and there is no {PROJECT} that has them"
        )
    yield from sorted(reached(list(_roots(pdm, chosen)), lambda position: _following(pdm, position)).items())


def _roots(pdm: PdmLock, chosen: Chosen) -> Iterator[tuple[_Node, str]]:
    lines = pdm.project.texts(pdm.described, "dependencies")
    for name, asked in pdm.extras.items():
        lines += asked if canonical_name(name) in chosen.extras else ()
    for name in sorted(chosen.groups):
        lines += _of_group(pdm, name, ())
    for line in lines:
        yield from _edges(pdm, line, chosen)


def _of_group(pdm: PdmLock, name: str, within: tuple[str, ...]) -> list[str]:
    """Return the lines of a group and of those that it includes (PEP 735)."""
    if name in within:
        raise pdm.project.unreadable(f"a group includes itself: {' -> '.join((*within, name))}")
    lines: list[str] = []
    for item in pdm.groups.get(name, ()):
        if isinstance(item, dict) and isinstance(item.get("include-group"), str):
            lines += _of_group(pdm, canonical_name(item["include-group"]), (*within, name))
        else:
            lines.append(pdm.project.of(item, str, f"an entry of the group {name}").removeprefix("-e "))
    return lines


def _following(pdm: PdmLock, position: _Node) -> Iterator[tuple[_Node, str]]:
    for line in pdm.written.texts(pdm.packages[position], "dependencies"):
        yield from _edges(pdm, line, Chosen())


def _edges(pdm: PdmLock, line: str, chosen: Chosen) -> Iterator[tuple[_Node, str]]:
    try:
        asked = Pep508(line)
    except InvalidRequirement as error:
        raise pdm.written.unreadable(f"{line[:200]!r} is no requirement") from error
    marker = left_of(str(asked.marker or ""), chosen)
    if marker is None:
        return
    name = canonical_name(asked.name)
    fitting = [
        (position, str(package.get("version", "0")), str(package.get("requires_python", "")))
        for position, package in enumerate(pdm.packages)
        if canonical_name(str(package.get("name"))) == name and _fits(package, asked)
    ]
    yield from _by_version(pdm, fitting, marker)


def _by_version(
    pdm: PdmLock, fitting: Sequence[tuple[_Node, str, str]], marker: str
) -> Iterator[tuple[_Node, str]]:
    """Yield what fits; of several versions each for the Pythons on which it is the newest."""
    if len({version for _, version, _ in fitting}) < 2:
        yield from ((position, marker) for position, _, _ in fitting)
        return
    try:
        yield from (
            (position, all_of([marker, python])) for position, python in newest_for_each_python(fitting)
        )
    except ValueError as error:
        raise pdm.written.unreadable(str(error)) from error


def _fits(package: Mapping[str, Any], asked: Pep508) -> bool:
    """Tell whether this entry is what was asked for: its version, and no extra that was not."""
    extras = {canonical_name(str(extra)) for extra in package.get("extras", ())}
    if not extras <= set(map(canonical_name, asked.extras)):
        return False
    version = str(package.get("version", ""))
    return not version or asked.specifier.contains(version, prereleases=True)


def _take(pins: Pins, written: Written, package: Mapping[str, Any], marker: str) -> None:
    """Add one package, wherever it comes from."""
    name, version = written.string(package, "name"), written.string(package, "version", "")
    files = written.tables(package, "files")
    hashes = [written.string(file, "hash") for file in files]
    if "git" in package or "hg" in package or "svn" in package:
        kind = next(kind for kind in ("git", "hg", "svn") if kind in package)
        pins.repository(name, kind, str(package[kind]), str(package.get("revision", "")), marker)
    elif "path" in package and not hashes:
        pins.project(name, str(package["path"]), marker)
    elif "path" in package or "url" in package:
        pins.file(name, version, marker, str(package.get("path") or package["url"]), hashes)
    elif files and all("url" in file for file in files):
        pins.files(
            name,
            version,
            marker,
            [(written.string(file, "url"), written.string(file, "hash")) for file in files],
        )
    else:
        pins.pin(name, version, marker, hashes)
