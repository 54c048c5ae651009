"""The script resolver: claims a source whose model has a script header (PEP 723)."""

from __future__ import annotations

from seldon_builder import Detection, hookimpl
from seldon_builder.settings import Settings
from seldon_builder.source import Source

NAME, RANK = "script", 50
# The header stands in the module of the model, whatever that is called.
FILES = ("*.py",)
_MARK = b"# /// script"


@hookimpl
def seldon_detect(source: Source, settings: Settings) -> Detection | None:
    """Claim sources whose model's module has the header."""
    marked = [str(file.path) for file in source.files if _may_have(source, str(file.path))]
    if not marked:
        return None
    from .script_header import model_file

    path = model_file(source, settings)
    return Detection(NAME, (path,), f"{path} has a script header", rank=RANK) if path in marked else None


@hookimpl
def seldon_read(detection: Detection, source: Source, settings: Settings) -> Detection | None:
    """Read the header."""
    if detection.resolver != NAME:
        return None
    from seldon_builder.dependencies.selection import Chosen

    from .script_header import read_script

    Chosen.of(settings).check()
    return read_script(detection, source)


def _may_have(source: Source, path: str) -> bool:
    if not path.endswith(".py") or not source.has(path):
        return False
    try:
        return _MARK in source.read(path)
    except OSError:
        return False
