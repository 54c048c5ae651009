"""Read poetry.lock, of poetry 1 and 2."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from seldon_builder.dependencies.selection import Chosen
from seldon_builder.detection import Detection
from seldon_builder.errors.resolution import LockOutdated
from seldon_builder.lock import canonical_name
from seldon_builder.settings import Settings
from seldon_builder.source import Source

from ..projects.poetry_versions import single
from .lock_markers import left_of
from .lock_pins import Pins
from .lock_reading import Written, any_of, cannot_tell
from .poetry_graph import Graph

FILE, PROJECT, COMMAND = "poetry.lock", "pyproject.toml", "poetry lock"
MAIN = "main"
# From here on the lock itself says which groups need a package, and under which marker.
_WITH_GROUPS = (2, 1)
_LEGACY_KEYS = ("dependencies", "source", "extras", "dev-dependencies")
_PROJECT_KEYS = ("requires-python", "dependencies", "optional-dependencies")


@dataclass(frozen=True)
class PoetryLock:
    """The lock and the project that it is for."""

    written: Written
    project: Written
    lock: dict[str, Any]
    content: dict[str, Any]

    @property
    def metadata(self) -> dict[str, Any]:
        """What the lock says of itself."""
        return self.written.table(self.lock, "metadata")

    @property
    def packages(self) -> list[dict[str, Any]]:
        """Every package of every group."""
        return self.written.tables(self.lock, "package")

    @property
    def settings(self) -> dict[str, Any]:
        """What the project says to poetry."""
        return self.project.table(self.project.table(self.content, "tool"), "poetry")

    @property
    def groups(self) -> dict[str, dict[str, Any]]:
        """The groups of poetry's own that the project has, by their names."""
        groups = self.project.table(self.settings, "group")
        found = {
            name: self.project.table(self.project.table(groups, name), "dependencies") for name in groups
        }
        older = self.project.table(self.settings, "dev-dependencies")
        return {**({"dev": older} if older else {}), **found}


def read_poetry_lock(source: Source, settings: Settings, claim: Detection) -> Detection:
    """Fill ``claim`` with what the lock says; LockOutdated where the project asks for something else."""
    written, project = Written(source, FILE, COMMAND), Written(source, PROJECT, COMMAND)
    has_project = source.has(PROJECT)
    poetry = PoetryLock(written, project, written.toml(), project.toml() if has_project else {})
    version = _version(poetry)
    if has_project:
        _check_fresh(poetry)
    chosen = Chosen.of(settings)
    chosen.check(_groups(poetry), written.table(poetry.lock, "extras"))
    chosen = replace(chosen, groups=chosen.groups | {MAIN})
    if version < _WITH_GROUPS and not has_project:
        raise written.unreadable(f"its version says nothing of groups, and there is no {PROJECT} that does")
    needed = _marked(poetry, chosen) if version >= _WITH_GROUPS else Graph(poetry, chosen).markers()
    pins = Pins(written)
    for position, marker in needed:
        _take(pins, poetry, poetry.packages[position], marker)
    told = pins.own(source) if has_project else cannot_tell(f"there is no {PROJECT}")
    return replace(pins.detection(claim), requires_python=_python(poetry), reason=f"{claim.reason}; {told}")


def _version(poetry: PoetryLock) -> tuple[int, int]:
    text = poetry.written.string(poetry.metadata, "lock-version", "")
    found = re.match(r"([12])(?:\.([0-9]{1,4}))?(?![^.])", text)
    if not found:
        raise poetry.written.unreadable(f"it is of lock-version {text[:20]!r}; 1 and 2 are known")
    return int(found[1]), int(found[2] or 0)


def _python(poetry: PoetryLock) -> str:
    try:
        return single(poetry.written.string(poetry.metadata, "python-versions", "*"))
    except ValueError as error:
        raise poetry.written.unreadable(f"python-versions: {error}") from error


def _groups(poetry: PoetryLock) -> Iterable[str]:
    locked = (name for package in poetry.packages for name in poetry.written.texts(package, "groups"))
    named = (*poetry.groups, *poetry.project.table(poetry.content, "dependency-groups"), *locked)
    return {name for name in named if name != MAIN}


def _check_fresh(poetry: PoetryLock) -> None:
    """Compare the hash that poetry took of what the project asks for."""
    locked = poetry.written.string(poetry.metadata, "content-hash", "")
    if locked not in _hashes(poetry):
        change = f"{PROJECT} asks for something else than when poetry wrote it (metadata.content-hash)"
        raise LockOutdated(FILE, [change], COMMAND)


def _hashes(poetry: PoetryLock) -> Iterator[str]:
    """Yield what releases of poetry hash: before 2.3 without groups, before 2.0 its own table alone."""
    project, settings = poetry.project.table(poetry.content, "project"), poetry.settings
    described = {key: project[key] for key in _PROJECT_KEYS if project.get(key) is not None}
    grouped = poetry.project.table(poetry.content, "dependency-groups")
    for parts in (
        {"project": described, "dependency-groups": grouped},
        {"project": described},
        {},
    ):
        content: dict[str, Any] = {name: table for name, table in parts.items() if table}
        own = {
            key: settings.get(key)
            for key in (*_LEGACY_KEYS, "group")
            if settings.get(key) is not None or (key in _LEGACY_KEYS and not content)
        }
        relevant = {**content, "tool": {"poetry": own}} if content else own
        try:
            text = json.dumps(relevant, sort_keys=True)
        except TypeError as error:
            raise poetry.project.unreadable(f"what it asks for holds what is no text: {error}") from error
        yield hashlib.sha256(text.encode()).hexdigest()


def _marked(poetry: PoetryLock, chosen: Chosen) -> Iterator[tuple[int, str]]:
    """Yield the packages of the chosen groups, by position, each with the marker that the lock gives it."""
    for position, package in enumerate(poetry.packages):
        markers = package.get("markers", "")
        found = []
        for group in poetry.written.texts(package, "groups"):
            if canonical_name(group) in chosen.groups:
                marker = markers.get(group, "") if isinstance(markers, dict) else markers
                found.append(left_of(poetry.written.of(marker, str, "markers"), chosen))
        applying = [marker for marker in found if marker is not None]
        if applying:
            yield position, any_of(applying)


def _take(pins: Pins, poetry: PoetryLock, package: Mapping[str, Any], marker: str) -> None:
    """Add one package, wherever it comes from."""
    written = poetry.written
    name, version = written.string(package, "name"), written.string(package, "version")
    source = written.table(package, "source")
    kind, place = source.get("type", ""), str(source.get("url", ""))
    hashes = [written.string(file, "hash") for file in _files(poetry, package)]
    if kind in ("git", "hg", "svn"):
        pins.repository(name, kind, place, str(source.get("resolved_reference", "")), marker)
    elif kind == "directory":
        subfolder = source.get("subdirectory")
        pins.project(name, f"{place}/{subfolder}" if subfolder else place, marker)
    elif kind in ("url", "file"):
        pins.file(name, version, marker, place, hashes)
    else:
        pins.pin(name, version, marker, hashes, place if kind == "legacy" else "")


def _files(poetry: PoetryLock, package: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the files of a package: beside it, in older locks below ``metadata``."""
    if "files" in package:
        return poetry.written.tables(package, "files")
    name, metadata = str(package.get("name")), poetry.metadata
    if "hashes" in metadata:
        bare = poetry.written.texts(poetry.written.table(metadata, "hashes"), name)
        return [{"hash": digest if ":" in digest else f"sha256:{digest}"} for digest in bare]
    return poetry.written.tables(poetry.written.table(metadata, "files"), name)
