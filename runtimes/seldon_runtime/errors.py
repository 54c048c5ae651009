"""The root of every error that a user can fix."""

from __future__ import annotations

from typing import ClassVar


class SeldonError(Exception):
    """Say what happened, what was found and what to do.

    ``exit_code`` is what the command line ends with. A subclass sets it, keeps its facts as attributes and
    passes the finished message, with an optional ``hint``, to this class.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message
