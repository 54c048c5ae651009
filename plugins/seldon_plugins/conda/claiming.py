"""Which files of a source describe an environment of conda."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seldon_builder.source import Source, read_regular

CONDA_LOCK = "conda-lock.yml"
ENVIRONMENT_FILES = ("environment.yml", "environment.yaml")
# Lists of URLs, one for each platform; what conda-lock renders, and what `conda list --explicit` is put into.
LISTS_BY_SUBDIR = {"conda-linux-64.lock": "linux-64", "conda-linux-aarch64.lock": "linux-aarch64"}
LISTS = ("explicit.txt", "spec-file.txt", "environment.txt")
EXPLICIT = b"@EXPLICIT"
_PROJECTS = ("setup.py", "pyproject.toml", "setup.cfg")
_PROJECT_LINE = re.compile(
    rb"""^\s*-\s*["']?(?:(?:-e|--editable)[ =]?\s*)?\.(?:\[[^\]]*\])?/?["']?\s*(?:#.*)?$""", re.MULTILINE
)
_HEAD = 1 << 16


def claimed(source: Source) -> tuple[str, ...]:
    """Return the files that are conda's, the one that counts first; empty where there are none."""
    environment = [file for file in ENVIRONMENT_FILES if source.has(file)]
    locks = [file for file in (CONDA_LOCK, *LISTS_BY_SUBDIR) if source.has(file)]
    if environment or locks:
        return (*locks[:1], *environment) if CONDA_LOCK in locks else (*locks, *environment)
    return tuple(file for file in LISTS if source.has(file) and EXPLICIT in _head(source, file))[:1]


def holds_the_project(source: Source, files: tuple[str, ...]) -> bool:
    """Tell whether a line below ``pip:`` names the source itself, which is a project."""
    if not any(source.has(file) for file in _PROJECTS):
        return False
    return any(_PROJECT_LINE.search(_head(source, file)) for file in _environments(files))


def _environments(files: tuple[str, ...]) -> Iterator[str]:
    return (file for file in files if file in ENVIRONMENT_FILES)


def _head(source: Source, file: str) -> bytes:
    try:
        return read_regular(source.root / file)[:_HEAD]
    except OSError:
        # Whoever reads it says what is wrong with it.
        return b""
