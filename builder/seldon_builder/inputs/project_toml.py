"""What project.toml says: which files take part, variables, weights, runtimes, what is resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors.source import FileUnreadable, ProjectInvalid
from ..source import read_inside

PROJECT_FILE = "project.toml"
_SCHEMAS = ("0.1", "0.2", "0.3")


@dataclass(frozen=True)
class Project:
    """The parts of a CNB project descriptor that a build heeds.

    Only one of ``include`` and ``exclude`` is ever given. ``variables`` are the pairs of ``build.env`` in the
    order of the file; ``weights`` the patterns, and ``runtimes``, ``groups``, ``extras`` and ``resolver`` the
    names, of our own table, ``[io.seldon]``.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    weights: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    resolver: str = ""


def read_project(root: Path) -> Project:
    """Read project.toml of ``root`` (schema 0.1, 0.2 or 0.3); an absent one says nothing."""
    path = root / PROJECT_FILE
    try:
        content = read_inside(root, PROJECT_FILE)
    except FileNotFoundError:
        return Project()
    except OSError as error:
        raise FileUnreadable([PROJECT_FILE], error.strerror or str(error)) from error
    return _Reader(path).project(_parsed(path, content))


def _parsed(path: Path, content: bytes) -> Mapping[str, Any]:
    from ..toml_text import read_toml

    try:
        return read_toml(content.decode())
    except ValueError as error:  # also UnicodeDecodeError
        raise ProjectInvalid(path, str(error)) from error


class _Reader:
    """Takes values of the right type out of the parsed file, or says what stands in their place."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def project(self, document: Mapping[str, Any]) -> Project:
        filters, build, where = self._buildpacks(document)
        include, exclude = (self._strings(filters, key, where) for key in ("include", "exclude"))
        if include and exclude:
            raise ProjectInvalid(
                self._path, f"[{where}] has include and exclude, but may have only one of them"
            )
        ours = self._table(self._table(document, "io", ""), "seldon", "io")
        words = ("weights", "runtimes", "groups", "extras")
        weights, runtimes, groups, extras = (self._strings(ours, key, "io.seldon") for key in words)
        resolver = self._string(ours, "resolver", "io.seldon")
        variables = tuple(self._variables(build))
        return Project(include, exclude, variables, weights, runtimes, groups, extras, resolver)

    def _buildpacks(self, document: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any], str]:
        version = self._table(document, "_", "").get("schema-version", "")
        if version and version not in _SCHEMAS:
            raise ProjectInvalid(self._path, f"schema-version {version!r} is none of {', '.join(_SCHEMAS)}")
        buildpacks = self._table(self._table(document, "io", ""), "buildpacks", "io")
        if version in ("", "0.1") and not buildpacks:
            # Schema 0.1 had [build] at the top; a file that says no version is of that schema.
            build = self._table(document, "build", "")
            return build, build, "build"
        return buildpacks, self._table(buildpacks, "build", "io.buildpacks"), "io.buildpacks"

    def _table(self, parent: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
        value = parent.get(key, {})
        if not isinstance(value, dict):
            raise ProjectInvalid(self._path, f"{f'{where}.{key}'.lstrip('.')} must be a table")
        return value

    def _strings(self, table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ProjectInvalid(self._path, f"{key} of [{where}] must be a list of strings")
        return tuple(value)

    def _string(self, table: Mapping[str, Any], key: str, where: str) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            raise ProjectInvalid(self._path, f"{key} of [{where}] must be a string")
        return value

    def _variables(self, build: Mapping[str, Any]) -> list[tuple[str, str]]:
        items = build.get("env", [])
        if not isinstance(items, list):
            raise ProjectInvalid(self._path, "variables are written as [[io.buildpacks.build.env]] tables")
        return [self._variable(item) for item in items]

    def _variable(self, item: object) -> tuple[str, str]:
        name, value = (item.get("name"), item.get("value")) if isinstance(item, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(value, str):
            raise ProjectInvalid(self._path, "every variable needs name and value, both strings")
        return name, value
