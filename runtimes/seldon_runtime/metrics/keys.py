"""What is counted: the kinds of numbers, and the keys under which they stand in a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from .custom import COUNTER, GAUGE, TIMER
from .names import Labels

REQUESTS, IN_FLIGHT, FEEDBACK, REWARD, DROPPED = "requests", "in_flight", "feedback", "reward", "dropped"
# From a tenth of what a small model takes to what clients no longer wait for.
LATENCIES = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
# Seldon's fifty, evenly spread in the logarithm from a millisecond to half a minute; three digits are enough.
TIMES = tuple(float(f"{0.001 * 30000 ** (step / 49):.3g}") for step in range(50))


@dataclass(frozen=True)
class Kind:
    """How the numbers of one kind are shown.

    ``name`` and ``help`` are empty where the author named them. ``bounds`` are those of a histogram, which
    has one number for each, one above all and one for the sum. A number that is ``per_worker`` ends with its
    worker; ``is_level`` says that it falls to zero then, elsewhere it is a sum that stays.
    """

    shown: str
    name: str = ""
    help: str = ""
    bounds: Sequence[float] = ()
    is_level: bool = False
    per_worker: bool = False

    @property
    def size(self) -> int:
        """How many numbers a series has; a gauge of a worker has one that tells whether it is set."""
        return len(self.bounds) + 2 if self.bounds else 1 + self.per_worker


KINDS = {
    REQUESTS: Kind(
        "histogram",
        "seldon_api_server_request_duration_seconds",
        "From the last byte of a request to the first of its answer.",
        LATENCIES,
    ),
    IN_FLIGHT: Kind(
        "gauge", "seldon_api_server_requests_in_flight", "Requests that wait or are answered.", is_level=True
    ),
    FEEDBACK: Kind("counter", "seldon_api_model_feedback", "Feedback with a reward other than zero."),
    # A counter by its name, but rewards may be negative, and a counter never goes down.
    REWARD: Kind("gauge", "seldon_api_model_feedback_reward_total", "The sum of all rewards."),
    DROPPED: Kind(
        "counter",
        "seldon_metrics_dropped",
        "Numbers that were lost because a worker had too many series of metrics.",
    ),
    COUNTER: Kind("counter"),
    GAUGE: Kind("gauge", is_level=True, per_worker=True),
    TIMER: Kind("histogram", bounds=TIMES),
}


def key_of(kind: str, name: str = "", labels: Labels = ()) -> bytes:
    """Return the key of one series."""
    return json.dumps([kind, name, labels], separators=(",", ":")).encode()


@lru_cache(4096)
def parsed(key: bytes) -> tuple[str, str, Labels]:
    """Return what ``key_of`` made the key of."""
    kind, name, labels = json.loads(key)
    return kind, name, tuple((label, value) for label, value in labels)
