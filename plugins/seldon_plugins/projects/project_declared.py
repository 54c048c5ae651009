"""What the metadata of a project say without running its code, where they are static."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seldon_builder.detection import Requirement
from seldon_builder.lock import canonical_name

from . import project_poetry
from .project_files import PYPROJECT, SETUP_CFG, SETUP_PY, ProjectFiles
from .project_lines import Lines
from .project_metadata import SETUPTOOLS, backend_of, project_name

_EXTRAS_SECTION = "options.extras_require"


@dataclass(frozen=True)
class Declared:
    """Name, dependencies and extras of a project; ``reason`` is why only a build tells them, "" where none.

    ``extras`` are by normalised name.
    """

    name: str = ""
    dependencies: tuple[Requirement, ...] = ()
    extras: Mapping[str, tuple[Requirement, ...]] = field(default_factory=dict)
    requires_python: str = ""
    reason: str = ""

    @property
    def is_static(self) -> bool:
        """Whether all is known."""
        return not self.reason


def declared(files: ProjectFiles, lines: Lines) -> Declared:
    """Read the metadata where they are written down; what is wrong with a line stays with ``lines``."""
    if files.has("project"):
        return _standard(files, lines)
    if files.has("tool", "poetry"):
        return _poetry(files, lines)
    if files.setup_py is None and not files.setup_cfg:
        return _nameless(files)
    return _setuptools(files, lines)


def _nameless(files: ProjectFiles) -> Declared:
    if files.has("build-system"):
        return Declared(reason=f"{PYPROJECT} has no [project]")
    return Declared()


def _standard(files: ProjectFiles, lines: Lines) -> Declared:
    dynamic = files.items("project", "dynamic")
    name = files.string("project", "name")
    if not name.strip():
        lines.refuse("project", "it has no name")
    elif not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):
        lines.refuse("project.name", f"{name[:100]!r} is no name of a project")
    requires_python = files.string("project", "requires-python")
    python = lines.python(requires_python, "project.requires-python") if requires_python.strip() else ""
    known = Declared(canonical_name(name), requires_python=python)
    for key in ("dependencies", "optional-dependencies"):
        if key in dynamic and files.find("project", key) is not None:
            lines.refuse("project.dynamic", f"it names {key}, which is there as well")
    if {"dependencies", "optional-dependencies"} & {str(one) for one in dynamic}:
        return _dynamic(files, known, dynamic, lines)
    return _with(known, _dependencies(files, lines), _extras(files, lines))


def _dynamic(files: ProjectFiles, known: Declared, dynamic: list[Any], lines: Lines) -> Declared:
    """Follow what is dynamic to where it is written down; a build tells the rest."""
    if not backend_of(files):
        lines.refuse("project.dynamic", "dependencies are dynamic, and no [build-system] tells them")
    if files.has("tool", "poetry", "dependencies") and "dependencies" in dynamic:
        table = files.table("tool", "poetry", "dependencies")
        found = project_poetry.read_dependencies(table, lines, "tool.poetry.dependencies")
        more = files.table("tool", "poetry", "extras")
        extras = project_poetry.read_extras(more, table, lines) if more else _extras(files, lines)
        return _with(known, found, extras)
    which = " and ".join(str(one) for one in dynamic if str(one).endswith("dependencies"))
    return Declared(
        known.name, requires_python=known.requires_python, reason=f"[project] has dynamic {which}"
    )


def _dependencies(files: ProjectFiles, lines: Lines) -> tuple[Requirement, ...]:
    return lines.read(files.table("project").get("dependencies", []), "project.dependencies")


def _extras(files: ProjectFiles, lines: Lines) -> dict[str, tuple[Requirement, ...]]:
    table = files.table("project", "optional-dependencies")
    return {
        canonical_name(extra): lines.read(members, f"project.optional-dependencies.{extra}")
        for extra, members in table.items()
    }


def _poetry(files: ProjectFiles, lines: Lines) -> Declared:
    where, table = "tool.poetry.dependencies", files.table("tool", "poetry", "dependencies")
    python = ""
    if "python" in table:
        try:
            python = project_poetry.specifier(table["python"])
        except ValueError as error:
            lines.refuse(f"{where}.python", str(error))
    found = project_poetry.read_dependencies(table, lines, where)
    extras = project_poetry.read_extras(files.table("tool", "poetry", "extras"), table, lines)
    return _with(Declared(project_name(files), requires_python=python), found, extras)


def _setuptools(files: ProjectFiles, lines: Lines) -> Declared:
    setup, options = files.setup_py, files.setup_cfg.get("options", {})
    if setup is not None and not setup.is_static:
        return Declared(project_name(files), reason=f"{SETUP_PY} has to be run")
    if setup is not None and setup.given and files.setup_cfg.get("options"):
        return Declared(project_name(files), reason=f"{SETUP_PY} and {SETUP_CFG} both say it")
    if files.has("build-system") and not backend_of(files).startswith(SETUPTOOLS):
        return Declared(project_name(files), reason=f"{backend_of(files)} has to be run")
    if setup is not None and setup.given:
        return _called(files, setup.literals, lines)
    extras = files.setup_cfg.get(_EXTRAS_SECTION, {})
    if any("file:" in text for text in (options.get("install_requires", ""), *extras.values())):
        return Declared(project_name(files), reason=f"{SETUP_CFG} reads a file for it")
    there = Lines(lines.source, SETUP_CFG, files.texts.get(SETUP_CFG, ""))
    found = _setup_declared(
        project_name(files),
        options.get("python_requires", ""),
        options.get("install_requires", ""),
        extras,
        there,
    )
    lines.bad += there.bad
    lines.unbuilt += there.unbuilt
    return found


def _called(files: ProjectFiles, literals: Mapping[str, Any], lines: Lines) -> Declared:
    there = Lines(lines.source, SETUP_PY, files.texts[SETUP_PY])
    extras, python = literals.get("extras_require", {}), literals.get("python_requires", "")
    if not isinstance(extras, dict):
        there.refuse("extras_require", "it must be a dict")
        extras = {}
    if not isinstance(python, str):
        there.refuse("python_requires", "it must be a string")
        python = ""
    requires = literals.get("install_requires", ())
    found = _setup_declared(project_name(files), python, requires, extras, there)
    lines.bad += there.bad
    lines.unbuilt += there.unbuilt
    return found


def _setup_declared(
    name: str, python: str, requires: object, extras: Mapping[str, object], lines: Lines
) -> Declared:
    known = Declared(name, requires_python=lines.python(python, "python_requires") if python.strip() else "")
    found = lines.read(_listed(requires), "install_requires")
    more: dict[str, tuple[Requirement, ...]] = {}
    for extra, members in extras.items():
        named, _, marker = str(extra).partition(":")
        read = lines.read(_marked(_listed(members), marker), f"extras_require.{extra}")
        if named.strip():
            more[canonical_name(named.strip())] = (*more.get(canonical_name(named.strip()), ()), *read)
        else:
            # ":marker" is setuptools' older spelling of dependencies under a marker.
            found = (*found, *read)
    return _with(known, found, more)


def _listed(value: object) -> object:
    if isinstance(value, str):
        lines = (line.strip() for line in re.split(r"\n|;(?!\s*[\w(]+\s*(?:[<>=!~]|in\b|not\b))", value))
        return [line for line in lines if line and not line.startswith("#")]
    return sorted(value) if isinstance(value, set | frozenset) else value


def _marked(value: object, marker: str) -> object:
    if not marker or not isinstance(value, list | tuple):
        return value
    return [f"{line} ; {marker}" if isinstance(line, str) else line for line in value]


def _with(
    known: Declared, dependencies: tuple[Requirement, ...], extras: Mapping[str, tuple[Requirement, ...]]
) -> Declared:
    return Declared(known.name, dependencies, extras, known.requires_python)
