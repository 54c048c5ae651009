"""What the GUNICORN_* variables say of the workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..variables import seconds, whole

# A predict() may hold Python's lock for minutes, and the worker then gives no sign of life; nobody who asked
# still waits after five of them.
TIMEOUT = 300
MOST_WORKERS = 1024


@dataclass(frozen=True)
class Options:
    """How many workers there are and how long each lives.

    ``most_requests`` is after how many a worker is replaced, 0 for never, ``jitter`` how many more it may be
    by chance; ``timeout`` the seconds without a sign of life after which a worker is killed, 0 for ever;
    ``grace`` those from the signal to stop until all is over.
    """

    workers: int = 1
    most_requests: int = 0
    jitter: int = 0
    timeout: int = TIMEOUT
    grace: float = 20.0


def options_from(variables: Mapping[str, str], grace: float) -> Options:
    """Read ``variables``; GUNICORN_GRACEFUL_TIMEOUT takes the place of a ``grace`` that nobody set."""
    if not variables.get("SELDON_GRACE_SECONDS", "").strip():
        grace = seconds(variables, "GUNICORN_GRACEFUL_TIMEOUT", grace)
    return Options(
        workers=max(whole(variables, "GUNICORN_WORKERS", 1, high=MOST_WORKERS), 1),
        most_requests=whole(variables, "GUNICORN_MAX_REQUESTS", 0),
        jitter=whole(variables, "GUNICORN_MAX_REQUESTS_JITTER", 0),
        timeout=whole(variables, "GUNICORN_TIMEOUT", TIMEOUT, high=1_000_000),
        grace=grace,
    )
