"""The resolver "pipfile-lock": honours a ``Pipfile.lock``; a ``Pipfile`` alone is resolved."""

from __future__ import annotations

from seldon_builder import Detection, hookimpl
from seldon_builder.settings import Settings
from seldon_builder.source import Source

NAME, RANK = "pipfile-lock", 23
FILES = ("Pipfile.lock", "Pipfile")


@hookimpl
def seldon_detect(source: Source) -> Detection | None:
    """Claim sources with a ``Pipfile.lock`` or a ``Pipfile`` at their root."""
    found = tuple(file for file in FILES if source.has(file))
    return Detection(NAME, found, f"{found[0]} is there", rank=RANK) if found else None


@hookimpl
def seldon_read(detection: Detection, source: Source, settings: Settings) -> Detection | None:
    """Take its packages as they stand there."""
    if detection.resolver != NAME:
        return None
    from .pipfile_lock_reading import read_pipfile, read_pipfile_lock

    read = read_pipfile_lock if FILES[0] in detection.files else read_pipfile
    return read(source, settings, detection)
