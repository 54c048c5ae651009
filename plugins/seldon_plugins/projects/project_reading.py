"""From the files of a project to what it asks for, and whether it is itself installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from seldon_builder.dependencies.selection import Chosen
from seldon_builder.detection import Detection, Requirement
from seldon_builder.lock import canonical_name
from seldon_builder.package_index import PackageIndex
from seldon_builder.settings import Settings
from seldon_builder.source import Source

from . import project_poetry, project_uv
from .project_declared import Declared, declared
from .project_files import PYPROJECT, SETUP_CFG, SETUP_PY, ProjectFiles, read_files
from .project_groups import TABLE, Groups
from .project_lines import Lines, without_self
from .project_metadata import Installing, installing_of


@dataclass(frozen=True)
class _Asked:
    """What is asked for by the project, and by the groups and extras that were named."""

    requirements: tuple[Requirement, ...]
    constraints: tuple[Requirement, ...]
    index: PackageIndex


def read_project(detection: Detection, source: Source, settings: Settings) -> Detection:
    """Return ``detection`` with all that the project asks for.

    ProjectUnreadable names everything that is wrong; GroupUnknown the groups and extras that are not there.
    """
    files = read_files(source)
    lines = Lines(source, PYPROJECT, files.texts.get(PYPROJECT, ""))
    what, installed, chosen = declared(files, lines), installing_of(files), Chosen.of(settings)
    asked = _asked(files, what, chosen, lines)
    lines.check()
    project = _project(files, what, installed, chosen)
    return replace(
        detection,
        reason="; ".join((detection.reason, _told(what, installed), *_named(chosen))),
        requirements=(*project, *asked.requirements),
        constraints=asked.constraints,
        index=replace(asked.index, credentials=tuple(lines.credentials)),
        requires_python=what.requires_python,
    )


def _asked(files: ProjectFiles, what: Declared, chosen: Chosen, lines: Lines) -> _Asked:
    groups = Groups(files.table(TABLE), lines)
    others = {**_poetry_groups(files), **_older_groups(files)}
    chosen.check(groups.names | others.keys(), what.extras if what.is_static else None)
    found = list(what.dependencies)
    for name in sorted(chosen.extras):
        found += what.extras.get(name, ())
    for name in sorted(chosen.groups):
        found += groups.read(name) if name in groups.names else ()
        if name in others:
            where, members = others[name]
            found += _read_others(where, members, lines)
    constraints = project_uv.constraints(files, lines)
    placed, index = project_uv.from_sources(files, without_self(what.name, found, what.extras), lines)
    return _Asked(placed, constraints, index)


def _project(
    files: ProjectFiles, what: Declared, installed: Installing, chosen: Chosen
) -> tuple[Requirement, ...]:
    if what.is_static and not installed.wanted:
        return ()
    origin = next(name for name in (PYPROJECT, SETUP_PY, SETUP_CFG) if name in files.texts)
    folder = str((files.source.root / files.folder).resolve())
    return (Requirement(what.name or ".", origin, build=folder, extras=tuple(sorted(chosen.extras))),)


def _told(what: Declared, installed: Installing) -> str:
    if not what.is_static:
        return f"it is built to learn what it needs: {what.reason}"
    taken = "it is installed" if installed.wanted else "only its dependencies are taken"
    return f"{taken}: {installed.reason}"


def _named(chosen: Chosen) -> Iterator[str]:
    for kind, names in (("groups", chosen.groups), ("extras", chosen.extras)):
        if names:
            yield f"with the {kind} {', '.join(sorted(names))}"


_Table = tuple[str, object]


def _poetry_groups(files: ProjectFiles) -> dict[str, _Table]:
    """Return the groups in Poetry's own spelling; they are tables, not lists."""
    found: dict[str, _Table] = {}
    if files.has("tool", "poetry", "dev-dependencies"):
        found["dev"] = ("tool.poetry.dev-dependencies", files.table("tool", "poetry", "dev-dependencies"))
    for name in files.table("tool", "poetry", "group"):
        keys = ("tool", "poetry", "group", name, "dependencies")
        found[canonical_name(name)] = (".".join(keys), files.table(*keys))
    return found


def _older_groups(files: ProjectFiles) -> dict[str, _Table]:
    """Return the groups that uv and PDM had before there was a standard."""
    pdm = files.table("tool", "pdm", "dev-dependencies")
    found: dict[str, _Table] = {
        canonical_name(name): (f"tool.pdm.dev-dependencies.{name}", members) for name, members in pdm.items()
    }
    if files.has("tool", "uv", "dev-dependencies"):
        found["dev"] = ("tool.uv.dev-dependencies", files.items("tool", "uv", "dev-dependencies"))
    return found


def _read_others(where: str, members: object, lines: Lines) -> tuple[Requirement, ...]:
    if isinstance(members, Mapping):
        return project_poetry.read_dependencies(members, lines, where)
    return lines.read(members, where)
