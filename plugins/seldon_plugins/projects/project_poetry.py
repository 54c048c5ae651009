"""What a pyproject.toml in Poetry's own spelling asks for, in that of PEP 508 and PEP 440."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from packaging.version import Version
from seldon_builder.dependencies.requirement_places import PlaceInvalid
from seldon_builder.detection import Requirement
from seldon_builder.lock import canonical_name

from .project_lines import Lines

_SHIFTED = re.compile(r"([\^~])\s*(?![=~^])\s*([^\s,]+)")
_WILD = re.compile(r"(?:(==|!=)\s*)?v?(\d+(?:\.\d+)*)\.[*xX]")
_BARE = re.compile(r"v?\d[^\s,]*")
_COMPARED = re.compile(r"(===|==|!=|<=|>=|~=|<|>)\s*(\S+)")


def read_dependencies(table: Mapping[str, Any], lines: Lines, where: str) -> tuple[Requirement, ...]:
    """Read a table of dependencies, ``python`` and optional ones left out."""
    return tuple(
        found
        for name, value in table.items()
        if name.lower() != "python"
        for one in (value if isinstance(value, list) else [value])
        if not (isinstance(one, dict) and one.get("optional"))
        for found in dependency(name, one, lines, where)
    )


def read_extras(
    table: Mapping[str, Any], dependencies: Mapping[str, Any], lines: Lines
) -> dict[str, tuple[Requirement, ...]]:
    """Read the extras, which name optional dependencies."""
    where, named = "tool.poetry.extras", {canonical_name(name): name for name in dependencies}
    extras: dict[str, tuple[Requirement, ...]] = {}
    for extra, members in table.items():
        found: list[Requirement] = []
        for member in members if isinstance(members, list) else [members]:
            name = named.get(canonical_name(member)) if isinstance(member, str) else None
            if name is None:
                lines.refuse(f"{where}.{extra}", f"{member!r} is none of the dependencies")
                continue
            value = dependencies[name]
            for one in value if isinstance(value, list) else [value]:
                found += dependency(name, one, lines, where)
        extras[canonical_name(extra)] = tuple(found)
    return extras


def dependency(name: str, value: object, lines: Lines, where: str) -> tuple[Requirement, ...]:
    """Read one dependency: a version, or a table with version, extras, markers, path, url, git."""
    where = f"{where}.{name}"
    table = value if isinstance(value, dict) else {"version": value}
    if "git" in table:
        return lines.one(f"{name} @ git+{table['git']}", where)
    try:
        line = "".join(_parts(name, table))
    except ValueError as error:
        lines.refuse(where, str(error))
        return ()
    return lines.one(line, where)


def specifier(text: object) -> str:
    """Return a version constraint of Poetry as a specifier of PEP 440; ValueError where it has none."""
    if not isinstance(text, str):
        raise PlaceInvalid(f"its version must be a string, not {text!r}")
    if "|" in text:
        raise PlaceInvalid(f"{text!r}: alternatives (||) cannot be resolved without a poetry.lock")
    text = re.sub(r"(===|==|!=|<=|>=|~=|<|>|\^|~)\s+", r"\1", text.strip())
    return ",".join(part for word in re.split(r"[,\s]+", text) if word for part in _specifiers(word))


def _specifiers(word: str) -> Iterator[str]:
    if word == "*":
        return
    if found := _WILD.fullmatch(word):
        yield f"{found[1] or '=='}{found[2]}.*"
    elif found := _SHIFTED.fullmatch(word):
        yield from (f">={Version(found[2])}", f"<{_end(found[1], found[2])}")
    elif _BARE.fullmatch(word):
        yield f"=={Version(word)}"
    elif found := _COMPARED.fullmatch(word):
        yield f"{found[1]}{found[2]}"
    else:
        raise PlaceInvalid(f"{word!r} is no version constraint")


def _end(operator: str, text: str) -> str:
    """Return the first version that ``^`` or ``~`` leaves out."""
    release = list(Version(text).release)
    if operator == "~":
        keep = min(len(release), 2)
    else:
        keep = next((n for n, number in enumerate(release, 1) if number), len(release))
    kept = release[:keep]
    kept[-1] += 1
    return ".".join(map(str, [*kept, *[0] * (len(release) - keep)]))


def _parts(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    yield name
    if extras := table.get("extras"):
        if not isinstance(extras, list):
            raise PlaceInvalid("its extras must be a list")
        yield f"[{','.join(map(str, extras))}]"
    place = table.get("url") or (f"file:{table['path']}" if "path" in table else "")
    yield f" @ {place}" if place else specifier(table.get("version", "*"))
    if marker := " and ".join(f"({part})" for part in _markers(table)):
        yield f" ; {marker}"


def _markers(table: Mapping[str, Any]) -> Iterator[str]:
    if python := table.get("python"):
        found = specifier(python)
        for part in filter(None, found.split(",")):
            operator, version = re.split(r"(?<=[=<>~])(?=\d)", part, maxsplit=1)
            whole = version.replace(".*", "").count(".") >= 2
            yield f"{'python_full_version' if whole else 'python_version'} {operator} '{version}'"
    if platform := table.get("platform"):
        yield f"sys_platform == '{platform}'"
    if markers := table.get("markers"):
        yield str(markers)
