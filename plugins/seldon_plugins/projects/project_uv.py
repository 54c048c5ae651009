"""What [tool.uv] says beyond the standards: constraints, and where single packages come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from packaging.requirements import Requirement as Pep508
from seldon_builder.detection import Requirement
from seldon_builder.lock import canonical_name
from seldon_builder.package_index import IndexPin, PackageIndex

from .project_files import PYPROJECT, ProjectFiles
from .project_lines import Lines
from .project_metadata import project_name

WHERE = "tool.uv.sources"


def constraints(files: ProjectFiles, lines: Lines) -> tuple[Requirement, ...]:
    """Read ``constraint-dependencies``; overrides are refused, as only a uv.lock can hold them."""
    if files.find("tool", "uv", "override-dependencies"):
        lines.refuse("tool.uv.override-dependencies", "overrides hold only in a uv.lock: run `uv lock`")
    return lines.read(files.items("tool", "uv", "constraint-dependencies"), "tool.uv.constraint-dependencies")


def from_sources(
    files: ProjectFiles, requirements: Iterable[Requirement], lines: Lines
) -> tuple[tuple[Requirement, ...], PackageIndex]:
    """Take each requirement from where ``[tool.uv.sources]`` has it; also the indexes that it names."""
    sources = {canonical_name(name): value for name, value in files.table("tool", "uv", "sources").items()}
    found: list[Requirement] = []
    pins: list[IndexPin] = []
    for requirement in requirements:
        given = sources.get(requirement.name)
        if given is None or requirement.build:
            found.append(requirement)
            continue
        for source in given if isinstance(given, list) else [given]:
            if not isinstance(source, dict):
                lines.refuse(f"{WHERE}.{requirement.name}", "it must be a table")
            elif "index" in source:
                pins += _pinned(files, requirement, source, lines)
                found.append(requirement)
            else:
                found += _placed(files, requirement, source, lines)
    return tuple(dict.fromkeys(found)), PackageIndex(pins=tuple(dict.fromkeys(pins)))


def _placed(
    files: ProjectFiles, requirement: Requirement, source: Mapping[str, Any], lines: Lines
) -> Iterator[Requirement]:
    where = f"{WHERE}.{requirement.name}"
    place = _place(files, requirement.name, source)
    if not place:
        lines.refuse(where, f"{dict(source)} names no path, url, git, workspace member or index")
        return
    parsed = Pep508(requirement.line)
    extras = f"[{','.join(sorted(parsed.extras))}]" if parsed.extras else ""
    markers = [f"({marker})" for marker in (parsed.marker, source.get("marker")) if marker]
    suffix = f" ; {' and '.join(markers)}" if markers else ""
    for one in lines.one(f"{requirement.name}{extras} @ {place}{suffix}", where):
        yield replace(one, origin=requirement.origin)


def _place(files: ProjectFiles, name: str, source: Mapping[str, Any]) -> str:
    if source.get("workspace") is True:
        member = _member(files, name)
        return f"file:{member}" if member else ""
    for key, prefix in (("path", "file:"), ("url", ""), ("git", "git+")):
        if isinstance(source.get(key), str):
            return f"{prefix}{source[key]}"
    return ""


def _member(files: ProjectFiles, name: str) -> str:
    """Return the folder of the workspace member called ``name``, "" where there is none."""
    from .project_files import read_files

    patterns = files.items("tool", "uv", "workspace", "members")
    for path in sorted(files.names):
        folder = path.parent
        if path.name == PYPROJECT and any(folder.match(str(one)) for one in patterns):
            below = str(PurePosixPath(files.folder) / folder)
            if project_name(read_files(files.source, below)) == name:
                return folder.as_posix()
    return ""


def _pinned(
    files: ProjectFiles, requirement: Requirement, source: Mapping[str, Any], lines: Lines
) -> Iterator[IndexPin]:
    """Pin a package to one of the indexes; their passwords are gathered by who reads uv's settings."""
    for index in files.items("tool", "uv", "index"):
        if isinstance(index, dict) and index.get("name") == source["index"] and "url" in index:
            if url := lines.index_url(str(index["url"]), "tool.uv.index"):
                yield IndexPin(requirement.name, url)
            return
    lines.refuse(f"{WHERE}.{requirement.name}", f"there is no [[tool.uv.index]] named {source['index']!r}")
