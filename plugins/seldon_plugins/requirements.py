"""The requirements resolver: claims a source with a ``requirements.txt``."""

from __future__ import annotations

from dataclasses import replace

from seldon_builder import Detection, hookimpl
from seldon_builder.settings import Settings
from seldon_builder.source import Source

FILE = "requirements.txt"
NAME, RANK, FILES = "requirements", 10, (FILE,)


@hookimpl
def seldon_detect(source: Source) -> Detection | None:
    """Claim sources with a ``requirements.txt`` at their root."""
    return Detection(NAME, (FILE,), f"{FILE} is there", rank=RANK) if source.has(FILE) else None


@hookimpl
def seldon_read(detection: Detection, source: Source, settings: Settings) -> Detection | None:
    """Read it, and all that it includes."""
    if detection.resolver != NAME:
        return None
    from seldon_builder.dependencies.requirements_file import read_requirements
    from seldon_builder.dependencies.selection import Chosen

    Chosen.of(settings).check()
    return replace(read_requirements(source, FILE, settings), rank=RANK)
