"""The files of a project as they are parsed: nothing in them is run."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from seldon_builder.errors.projects import ProjectUnreadable
from seldon_builder.errors.resolution import BadLine
from seldon_builder.source import Source, read_inside
from seldon_builder.toml_text import NotToml, read_toml

from .project_setup import SetupCall, read_setup

PYPROJECT, SETUP_CFG, SETUP_PY = "pyproject.toml", "setup.cfg", "setup.py"


@dataclass(frozen=True)
class ProjectFiles:
    """What the files of one folder say; ``folder`` is relative to the model folder, "" for that itself."""

    source: Source
    folder: str = ""
    pyproject: Mapping[str, Any] = field(default_factory=dict)
    setup_cfg: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    setup_py: SetupCall | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    def path(self, name: str) -> str:
        """Return where a file of the project is, relative to the model folder."""
        return (PurePosixPath(self.folder) / name).as_posix()

    def has(self, *keys: str) -> bool:
        """Tell whether pyproject.toml has this table."""
        return self.find(*keys) is not None

    def find(self, *keys: str) -> Any:
        """Return what stands in pyproject.toml under ``keys``, None where nothing does."""
        value: Any = self.pyproject
        for key in keys:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    def table(self, *keys: str) -> Mapping[str, Any]:
        """Return a table of pyproject.toml, {} where it is not there; ProjectUnreadable for anything else."""
        for depth in range(1, len(keys) + 1):
            value = self.find(*keys[:depth])
            if value is not None and not isinstance(value, dict):
                raise ProjectUnreadable([self.bad(".".join(keys[:depth]), "it must be a table")])
        return self.find(*keys) or {}

    def string(self, *keys: str) -> str:
        """Return a text of pyproject.toml, "" where it is not there; ProjectUnreadable for anything else."""
        value = self.table(*keys[:-1]).get(keys[-1], "")
        if not isinstance(value, str):
            raise ProjectUnreadable([self.bad(".".join(keys), "it must be a string")])
        return value

    def items(self, *keys: str) -> list[Any]:
        """Return a list of pyproject.toml, [] where it is not there; ProjectUnreadable for anything else."""
        value = self.table(*keys[:-1]).get(keys[-1], [])
        if not isinstance(value, list):
            raise ProjectUnreadable([self.bad(".".join(keys), "it must be a list")])
        return value

    def bad(self, where: str, reason: str) -> BadLine:
        """Return an error of pyproject.toml at ``where``, a key."""
        return BadLine(f"{self.path(PYPROJECT)} [{where}]", "", reason)

    @cached_property
    def names(self) -> frozenset[PurePosixPath]:
        """The files and folders of the project, relative to it."""
        folder = PurePosixPath(self.folder)
        paths = (file.path for file in self.source.files)
        inside = {path.relative_to(folder) for path in paths if path.is_relative_to(folder)}
        return frozenset(inside | {parent for path in inside for parent in path.parents})


def read_files(source: Source, folder: str = "") -> ProjectFiles:
    """Read the files of the project in ``folder``; ProjectUnreadable where one of them means nothing."""
    texts = {
        name: _text(source, path)
        for name in (PYPROJECT, SETUP_CFG, SETUP_PY)
        if source.has(path := (PurePosixPath(folder) / name).as_posix())
    }
    return ProjectFiles(
        source,
        folder,
        _toml(texts[PYPROJECT], (PurePosixPath(folder) / PYPROJECT).as_posix()) if PYPROJECT in texts else {},
        _sections(texts[SETUP_CFG]) if SETUP_CFG in texts else {},
        read_setup(texts[SETUP_PY]) if SETUP_PY in texts else None,
        texts,
    )


def _text(source: Source, path: str) -> str:
    try:
        return read_inside(source.root, path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProjectUnreadable([BadLine(path, "", f"it is not UTF-8 text (byte {error.start})")]) from error
    except OSError as error:
        raise ProjectUnreadable([BadLine(path, "", error.strerror or str(error))]) from error


def _toml(text: str, path: str) -> Mapping[str, Any]:
    try:
        return read_toml(text)
    except NotToml as error:
        raise ProjectUnreadable([BadLine(path, "", str(error))]) from error


def _sections(text: str) -> Mapping[str, Mapping[str, str]]:
    parser = configparser.RawConfigParser(strict=False, default_section="\0")
    try:
        parser.read_string(text, SETUP_CFG)
    except configparser.Error as error:
        reason = " ".join(str(error).split())
        raise ProjectUnreadable([BadLine(SETUP_CFG, "", reason)]) from error
    return {
        name: {key.replace("-", "_"): value or "" for key, value in parser.items(name)}
        for name in parser.sections()
    }
