"""What a build says while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class EventKind(Enum):
    """The five things that happen in a phase."""

    BEGAN = "began"
    PROGRESS = "progress"
    ENDED = "ended"
    DECISION = "decision"
    WARNING = "warning"


@dataclass(frozen=True)
class Event:
    """A phase began, moved on or ended; a decision and its reason; a warning.

    ``phase`` is one of ``PHASES``. ``done`` and ``total`` are bytes (0 where unknown), ``seconds`` the length
    of an ended phase.
    """

    kind: EventKind
    phase: str
    message: str
    done: int = 0
    total: int = 0
    seconds: float = 0.0


PHASES = ("setup", "base", "detect", "lock", "fetch", "layers", "bytecode", "app", "write")
Emit = Callable[[Event], None]


def silent(event: Event) -> None:
    """Drop ``event``: for callers that listen to nothing."""


def decision(phase: str, message: str) -> Event:
    """Make the event of a decision and its reason."""
    return Event(EventKind.DECISION, phase, message)


def warning(phase: str, message: str) -> Event:
    """Make the event of something the user should look at."""
    return Event(EventKind.WARNING, phase, message)


def progress(phase: str, message: str, done: int = 0, total: int = 0) -> Event:
    """Make the event of work that moved on, in bytes."""
    return Event(EventKind.PROGRESS, phase, message, done, total)
