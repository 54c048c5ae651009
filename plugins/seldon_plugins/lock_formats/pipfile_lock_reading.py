"""Read Pipfile.lock, and a Pipfile that has none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from seldon_builder.dependencies.selection import Chosen
from seldon_builder.detection import Detection, Requirement
from seldon_builder.errors.resolution import LockOutdated
from seldon_builder.lock import canonical_name
from seldon_builder.settings import Settings
from seldon_builder.source import Source

from .lock_pins import Pins
from .lock_places import Places
from .lock_reading import Written, all_of, cannot_tell
from .pipfile_sources import Sources

LOCK, PROJECT, COMMAND = "Pipfile.lock", "Pipfile", "pipenv lock"
_SPECIFICATION = 6
_REPOSITORIES = ("git", "hg", "svn", "bzr")
_NO_GROUPS = frozenset(["_meta", "default"])
_NO_PACKAGES = frozenset(["source", "packages", "dev-packages", "requires", "scripts", "pipfile", "pipenv"])


def read_pipfile_lock(source: Source, settings: Settings, claim: Detection) -> Detection:
    """Fill ``claim`` with what the lock says; LockOutdated where the Pipfile asks for something else."""
    written = Written(source, LOCK, COMMAND)
    lock = written.json()
    meta = written.table(lock, "_meta")
    if meta.get("pipfile-spec") != _SPECIFICATION:
        found = str(meta.get("pipfile-spec"))[:20]
        raise written.unreadable(f"it is of pipfile-spec {found}; {_SPECIFICATION} is known")
    if has_project := source.has(PROJECT):
        _check_fresh(Written(source, PROJECT, COMMAND), written.table(meta, "hash"))
    chosen = Chosen.of(settings)
    groups = {canonical_name(name): name for name in lock if name not in _NO_GROUPS}
    chosen.check(groups, ())
    pins, indexes = Pins(written), dict[str, str]()
    for section in ("default", *(groups[name] for name in sorted(chosen.groups))):
        for name, entry in written.table(lock, section).items():
            _take(pins, written, name, written.of(entry, dict, name))
            indexes[canonical_name(name)] = str(entry.get("index", ""))
    doubt = "" if has_project else f"; {cannot_tell(f'there is no {PROJECT}')}"
    return replace(
        pins.detection(claim),
        index=Sources(written, settings, written.tables(meta, "sources")).index(indexes),
        requires_python=_python(written.table(meta, "requires")),
        reason=claim.reason + doubt,
    )


def read_pipfile(source: Source, settings: Settings, claim: Detection) -> Detection:
    """Fill ``claim`` with what a Pipfile without a lock asks for; an engine resolves it."""
    written = Written(source, PROJECT, COMMAND)
    content, chosen = written.toml(), Chosen.of(settings)
    groups = {canonical_name(name): name for name in content if name not in _NO_PACKAGES}
    groups |= {"develop": "dev-packages"} if "dev-packages" in content else {}
    chosen.check(groups, ())
    places, indexes = Places(written), dict[str, str]()
    requirements: list[Requirement] = []
    for section in ("packages", *(groups[name] for name in sorted(chosen.groups))):
        for name, entry in written.table(content, section).items():
            table = entry if isinstance(entry, dict) else {"version": entry}
            requirements += _asked(places, written, name, table)
            indexes[canonical_name(name)] = str(table.get("index", ""))
    places.check()
    return replace(
        claim,
        requirements=tuple(requirements),
        index=Sources(written, settings, written.tables(content, "source")).index(indexes),
        requires_python=_python(written.table(content, "requires")),
    )


def _check_fresh(project: Written, locked: Mapping[str, Any]) -> None:
    if locked.get("sha256") not in list(_hashes(project)):
        change = f"{PROJECT} asks for something else than when pipenv wrote it (_meta.hash)"
        raise LockOutdated(LOCK, [change], COMMAND)


def _hashes(project: Written) -> Iterator[str]:
    """Yield the hashes that releases of pipenv make: older ones with names as they stand in the file."""
    from pip._internal.models.index import PyPI

    content = project.toml()
    public = {"name": PyPI.netloc.split(".")[0], "url": PyPI.simple_url, "verify_ssl": True}
    for spelled in (canonical_name, str):
        sections = {
            name: {spelled(key): entry for key, entry in project.table(content, name).items()}
            for name in content
            if name not in _NO_PACKAGES or name in ("packages", "dev-packages")
        }
        asked = {
            "_meta": {"sources": content.get("source", [public]), "requires": content.get("requires", {})},
            "default": sections.pop("packages", {}),
            "develop": sections.pop("dev-packages", {}),
        }
        try:
            text = json.dumps({**asked, **sections}, sort_keys=True, separators=(",", ":"))
        except TypeError as error:
            raise project.unreadable(f"what it asks for holds what is no text: {error}") from error
        yield hashlib.sha256(text.encode()).hexdigest()


def _python(requires: Mapping[str, Any]) -> str:
    """Return the minor version that is wanted: the base image decides about the patch release."""
    version = str(requires.get("python_version") or requires.get("python_full_version") or "")
    numbers = version.split(".")[:2]
    return f"=={'.'.join(numbers)}.*" if all(number.isdigit() for number in numbers) else ""


def _take(pins: Pins, written: Written, name: str, entry: Mapping[str, Any]) -> None:
    """Add one package of the lock, wherever it comes from."""
    marker = written.string(entry, "markers", "")
    hashes = written.texts(entry, "hashes")
    kind = next((kind for kind in _REPOSITORIES if kind in entry), "")
    place = entry.get("file") or entry.get("path")
    version = written.string(entry, "version", "")
    if kind:
        pins.repository(name, kind, str(entry[kind]), str(entry.get("ref", "")), marker)
    elif place and not hashes and "://" not in str(place):
        pins.project(name, str(place), marker)
    elif place:
        pins.file(name, version.removeprefix("=="), marker, str(place), hashes)
    elif version.startswith("=="):
        pins.pin(name, version.removeprefix("=="), marker, hashes)
    else:
        # What no system of the lock's author needed is written down without a version.
        pins.requirements.append(written.requirement(_line(name, version, marker)))


def _asked(places: Places, written: Written, name: str, entry: Mapping[str, Any]) -> list[Requirement]:
    """Return the requirement of one line of a Pipfile."""
    system = (f"{key} {entry[key]}" for key in sorted(entry) if key.startswith(("sys_", "os_", "platform_")))
    marker = all_of([written.string(entry, "markers", ""), *system])
    kind = next((kind for kind in _REPOSITORIES if kind in entry), "")
    if kind:
        return [places.repository(name, kind, str(entry[kind]), str(entry.get("ref", "HEAD")), marker)]
    if "path" in entry:
        return places.project(name, str(entry["path"]), marker)
    extras = ",".join(written.texts(entry, "extras"))
    version = written.string(entry, "version", "*")
    place = f" @ {entry['file']}" if "file" in entry else version
    return [written.requirement(_line(f"{name}[{extras}]" if extras else name, place, marker))]


def _line(name: str, version: str, marker: str) -> str:
    wanted = "" if version in ("", "*") else version
    return f"{name}{wanted}" + (f" ; {marker}" if marker else "")
