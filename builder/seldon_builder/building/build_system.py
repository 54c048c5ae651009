"""Which backend builds a project, and what that needs: the table [build-system] of PEP 518."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors.building import BuildFailed
from ..toml_text import read_toml

# What PEP 517 tells of projects without the table. Old setup.py import wheel.
OLD_REQUIRES = ("setuptools>=40.8.0", "wheel")
OLD_BACKEND = "setuptools.build_meta:__legacy__"
FILE = "pyproject.toml"


@dataclass(frozen=True)
class BuildSystem:
    """The backend, what it needs to be imported, and folders of the project that it may lie in."""

    requires: tuple[str, ...] = OLD_REQUIRES
    backend: str = OLD_BACKEND
    backend_path: tuple[str, ...] = ()

    @property
    def is_setuptools(self) -> bool:
        """Whether the backend is setuptools itself."""
        return self.backend.partition(":")[0] == "setuptools.build_meta"


def build_system_of(text: bytes | None, package: str) -> BuildSystem:
    """Read the table of a pyproject.toml, None for a project without one; BuildFailed names what is wrong."""
    if text is None:
        return BuildSystem()
    try:
        table = read_toml(text.decode("utf-8-sig")).get("build-system", {})
    except ValueError as error:  # also UnicodeDecodeError
        raise BuildFailed(package, f"its {FILE} cannot be read ({error})") from error
    if not isinstance(table, dict):
        raise _wrong(package, "[build-system] is not a table")
    if not table:
        return BuildSystem()
    return BuildSystem(
        _lines(table.get("requires", []), "requires", package),
        _text(table.get("build-backend", OLD_BACKEND), package),
        _lines(table.get("backend-path", []), "backend-path", package),
    )


def checked_requirements(lines: Sequence[object], package: str, where: str) -> tuple[str, ...]:
    """Return ``lines`` where each is a requirement of PEP 508; BuildFailed names those that are none."""
    from packaging.requirements import InvalidRequirement, Requirement

    bad = []
    for line in lines:
        try:
            Requirement(line if isinstance(line, str) else "")
        except InvalidRequirement:
            bad.append(repr(line)[:80])
    if bad:
        raise BuildFailed(package, f"{where} asks for what is no requirement: {', '.join(bad)}")
    return tuple(str(line) for line in lines)


def _lines(value: Any, key: str, package: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        raise _wrong(package, f"{key} of [build-system] is not a list of strings")
    if key == "requires":
        return checked_requirements(value, package, f"[build-system] of its {FILE}")
    return tuple(value)


def _text(value: Any, package: str) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(package, "build-backend of [build-system] is not a name")
    return value


def _wrong(package: str, reason: str) -> BuildFailed:
    return BuildFailed(package, f"its {FILE} is not as it must be: {reason}", hint=f"correct {FILE}")
