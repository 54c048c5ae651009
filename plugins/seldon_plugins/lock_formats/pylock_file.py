"""The resolver "pylock": honours a ``pylock.toml`` (PEP 751) that another tool wrote."""

from __future__ import annotations

from seldon_builder import Detection, hookimpl
from seldon_builder.settings import Settings
from seldon_builder.source import Source

NAME, RANK = "pylock", 24
FILES = ("pylock.toml",)
# The one that we write holds for every resolver and is none itself (docs/locks.md).
_OURS = b"[tool.seldon-python]"
_COMMAND = "the tool that made it, for example uv export --format pylock.toml -o pylock.toml"


@hookimpl
def seldon_detect(source: Source) -> Detection | None:
    """Claim sources whose ``pylock.toml`` is not our own."""
    if not source.has(FILES[0]) or _OURS in source.read(FILES[0]):
        return None
    return Detection(NAME, FILES, f"{FILES[0]} is there", rank=RANK)


@hookimpl
def seldon_read(detection: Detection, source: Source, settings: Settings) -> Detection | None:
    """Take its packages as they stand there."""
    if detection.resolver != NAME:
        return None
    from seldon_builder.dependencies.selection import Chosen

    from .lock_reading import Written
    from .pylock_reading import read_pylock

    return read_pylock(Written(source, FILES[0], _COMMAND), Chosen.of(settings), detection)
