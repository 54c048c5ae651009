"""Folders of projects for the tests of the project resolver, read as a build reads them."""

from __future__ import annotations

from pathlib import Path

from seldon_builder.detection import Detection
from seldon_builder.events import silent
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.settings import Setting, Settings
from seldon_plugins.projects import project


def settings(**variables: str) -> Settings:
    return Settings(tuple(Setting(name, value, "-e", build_only=True) for name, value in variables.items()))


def folder_of(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def detect(folder: Path, files: dict[str, str | bytes]) -> Detection | None:
    return project.seldon_detect(read_source(folder_of(folder, files), silent))


def read(folder: Path, files: dict[str, str | bytes], **variables: str) -> Detection:
    claim = detect(folder, files)
    assert claim is not None, "nothing is claimed"
    found = project.seldon_read(claim, read_source(folder, silent), settings(**variables))
    assert found is not None
    return found


def pyproject(folder: Path, text: str, **variables: str) -> Detection:
    return read(folder, {"pyproject.toml": text}, **variables)


def lines(detection: Detection) -> list[str]:
    return [item.line for item in detection.requirements if not item.build]


def built(detection: Detection) -> list[str]:
    return [item.line for item in detection.requirements if item.build]
