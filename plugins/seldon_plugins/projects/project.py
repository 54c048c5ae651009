"""The project resolver: claims a source with a setup.py, a setup.cfg or a pyproject.toml of a project."""

from __future__ import annotations

import re

from seldon_builder import Detection, hookimpl
from seldon_builder.settings import Settings
from seldon_builder.source import Source

NAME, RANK = "project", 30
FILES = ("setup.py", "setup.cfg", "pyproject.toml")
# What tells a project from a place where tools keep their settings.
_PROJECT = re.compile(
    rb"^[ \t]*\[+[ \t]*(project|build-system|dependency-groups|tool[ \t]*\.[ \t]*poetry)\b", re.MULTILINE
)
_SETUP = re.compile(rb"^\[(metadata|options)\b", re.MULTILINE)


@hookimpl
def seldon_detect(source: Source) -> Detection | None:
    """Claim sources with such a file at their root; a file of mere tool settings does not count."""
    files = tuple(file for file in FILES if source.has(file) and _counts(source, file))
    return Detection(NAME, files, _there(files), rank=RANK) if files else None


@hookimpl
def seldon_read(detection: Detection, source: Source, settings: Settings) -> Detection | None:
    """Read what the project asks for, and whether it is itself installed."""
    if detection.resolver != NAME:
        return None
    from .project_reading import read_project

    return read_project(detection, source, settings)


def _counts(source: Source, file: str) -> bool:
    if file == "setup.py":
        return True
    try:
        content = source.read(file)
    except OSError:
        # Whoever reads it says so.
        return True
    if file == "setup.cfg":
        return bool(_SETUP.search(content))
    return bool(_PROJECT.search(content)) or not _is_toml(content)


def _is_toml(content: bytes) -> bool:
    from seldon_builder.toml_text import read_toml

    try:
        read_toml(content.decode())
    except ValueError:
        return False
    return True


def _there(files: tuple[str, ...]) -> str:
    return f"{files[0]} is there" if len(files) == 1 else f"{', '.join(files)} are there"
