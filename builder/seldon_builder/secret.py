"""Values that must never be shown or stored."""

from __future__ import annotations

from dataclasses import dataclass

MASK = "***"


@dataclass(frozen=True)
class Secret:
    """A value that prints as ``***`` everywhere; ``reveal()`` is for the one place that needs it."""

    _value: str

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"
