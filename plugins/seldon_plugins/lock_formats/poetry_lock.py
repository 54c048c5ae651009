"""The resolver "poetry-lock": honours a ``poetry.lock``."""

from __future__ import annotations

from seldon_builder import Detection, hookimpl
from seldon_builder.settings import Settings
from seldon_builder.source import Source

NAME, RANK = "poetry-lock", 21
FILES = ("poetry.lock",)


@hookimpl
def seldon_detect(source: Source) -> Detection | None:
    """Claim sources with a ``poetry.lock`` at their root."""
    if not source.has(FILES[0]):
        return None
    beside = ("pyproject.toml",) if source.has("pyproject.toml") else ()
    return Detection(NAME, (*FILES, *beside), f"{FILES[0]} is there", rank=RANK)


@hookimpl
def seldon_read(detection: Detection, source: Source, settings: Settings) -> Detection | None:
    """Take its packages as they stand there."""
    if detection.resolver != NAME:
        return None
    from .poetry_lock_reading import read_poetry_lock

    return read_poetry_lock(source, settings, detection)
