"""Trying again what may go well the next time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import SeldonError

T = TypeVar("T")
# Seconds before the second, third and fourth try.
PAUSES = (0.2, 0.8, 3.2)
LONGEST_PAUSE = 60.0


class Transient(Exception):
    """One try failed and the next may not: a dropped connection, or an answer that says "later".

    ``error`` is what to raise once nothing helps; ``wait`` the pause that the registry itself asked for.
    """

    def __init__(self, reason: str, error: SeldonError, *, wait: float | None = None, dropped: bool) -> None:
        super().__init__(reason)
        self.reason, self.error, self.wait, self.dropped = reason, error, wait, dropped


def retried(
    attempt: Callable[[], T], sleep: Callable[[float], None], last: Callable[[Transient], SeldonError]
) -> T:
    """Return what ``attempt`` returns, tried up to four times; then raise what ``last`` says."""
    for pause in PAUSES:
        try:
            return attempt()
        except Transient as failure:
            sleep(min(pause if failure.wait is None else failure.wait, LONGEST_PAUSE))
    try:
        return attempt()
    except Transient as failure:
        raise last(failure) from failure
