"""The resolver "uv-lock": honours a ``uv.lock``."""

from __future__ import annotations

from seldon_builder import Detection, hookimpl
from seldon_builder.settings import Settings
from seldon_builder.source import Source

NAME, RANK = "uv-lock", 20
FILES = ("uv.lock",)


@hookimpl
def seldon_detect(source: Source) -> Detection | None:
    """Claim sources with a ``uv.lock`` at their root."""
    if not source.has(FILES[0]):
        return None
    beside = ("pyproject.toml",) if source.has("pyproject.toml") else ()
    return Detection(NAME, (*FILES, *beside), f"{FILES[0]} is there", rank=RANK)


@hookimpl
def seldon_read(detection: Detection, source: Source, settings: Settings) -> Detection | None:
    """Let uv say what its lock means, and whether it still answers the project."""
    if detection.resolver != NAME:
        return None
    from .uv_lock_reading import read_uv_lock

    return read_uv_lock(source, settings, detection)
