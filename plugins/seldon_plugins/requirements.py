"""The requirements resolver: claims a source with a ``requirements.txt``."""

from __future__ import annotations

from seldon_builder import Detection, hookimpl
from seldon_builder.settings import Settings
from seldon_builder.source import Source

FILE = "requirements.txt"


@hookimpl
def seldon_detect(source: Source, settings: Settings) -> Detection | None:
    """Claim sources with a ``requirements.txt`` at their root, and read it."""
    if not source.has(FILE):
        return None
    from seldon_builder.dependencies.requirements_file import read_requirements

    return read_requirements(source, FILE, settings)
