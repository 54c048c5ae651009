"""What the server counts while it serves."""

from __future__ import annotations

import logging
import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ..component.unit import Unit
from .cells import RESERVED, Cells
from .custom import COUNTER, GAUGE
from .keys import DROPPED, FEEDBACK, IN_FLIGHT, KINDS, LATENCIES, REQUESTS, REWARD, TIMES, key_of, parsed
from .names import METHOD_LABELS, TOTAL, Labels, labels_of, metric_name, text
from .table import Table

_SUM_OF_LATENCIES, _SUM_OF_TIMES = len(LATENCIES) + 1, len(TIMES) + 1
# More ways to write a metric than there may be series: tags with ever new values.
_MOST_KNOWN = 10_000
logger = logging.getLogger("seldon_runtime")


class Tables(Protocol):
    """Where the numbers of all workers stand."""

    def tables(self) -> Sequence[Table]:
        """Return what stands there now."""


class Recorder:
    """Counts requests, the component's own metrics, and rewards, in ``cells`` that are this process's own.

    ``slots`` is where the numbers of all workers stand, unset where there is one process.
    """

    def __init__(self, unit: Unit, cells: Cells | None = None, slots: Tables | None = None) -> None:
        self.unit = unit
        self._cells = cells = Cells() if cells is None else cells
        self._slots = slots
        self._values, self._lock = cells.values, cells.lock
        self._requests: dict[tuple[str, str, str], int] = {}
        self._known: dict[tuple[object, ...], int] = {}
        self._warned = False
        self._levels_fall()
        self._dropped = self._ours(DROPPED)
        self._feedback, self._reward = (
            self._ours(kind, (("method", "feedback"),)) for kind in (FEEDBACK, REWARD)
        )
        self._in_flight: dict[str, int] = {}

    @property
    def is_alone(self) -> bool:
        """Whether no other process counts."""
        return self._slots is None

    def tables(self) -> Sequence[Table]:
        """Return what every worker counted."""
        return (self._slots or self._cells).tables()

    def _levels_fall(self) -> None:
        """Forget what the process had in its hands whose table this was."""
        for key, first in self._cells.indices():
            kind = KINDS[parsed(key)[0]]
            for index in range(first, first + kind.size if kind.is_level else first):
                self._values[index] = 0.0

    def _ours(self, kind: str, labels: Labels = ()) -> int:
        found = self._cells.index(key_of(kind, labels=labels), KINDS[kind].size)
        return self._cells.spare if found is None else found

    def began(self, protocol: str) -> None:
        """A request came in, over ``rest`` or ``grpc``."""
        index = self._in_flight.get(protocol) or self._in_flight_of(protocol)
        with self._lock:
            self._values[index] += 1.0

    def ended(self, method: str, protocol: str, code: str, seconds: float) -> None:
        """A request was answered: by which method (``predict``, ``transform_input`` ...), with which code."""
        first = self._requests.get((method, protocol, code))
        if first is None:
            first = self._first_request(method, protocol, code)
        index = self._in_flight.get(protocol) or self._in_flight_of(protocol)
        bucket = first + bisect_left(LATENCIES, seconds)
        values = self._values
        with self._lock:
            values[bucket] += 1.0
            values[first + _SUM_OF_LATENCIES] += seconds
            values[index] -= 1.0

    def _in_flight_of(self, protocol: str) -> int:
        index = self._in_flight[protocol] = self._ours(IN_FLIGHT, (("protocol", protocol),))
        return index

    def _first_request(self, method: str, protocol: str, code: str) -> int:
        labels = (("method", METHOD_LABELS.get(method, method)), ("protocol", protocol), ("code", code))
        first = self._ours(REQUESTS, labels)
        if first == self._cells.spare:
            self._drop()
        else:
            self._requests[method, protocol, code] = first
        return first

    def reward(self, reward: float) -> None:
        """A client rewarded, or punished, an earlier answer."""
        if not math.isfinite(reward):
            return
        with self._lock:
            self._values[self._feedback] += 1.0
            self._values[self._reward] += reward

    def custom(self, metrics: Iterable[Mapping[str, object]], method: str) -> None:
        """Take the component's metrics, which are valid; ``method`` is that of the component."""
        for metric in metrics:
            kind, value = str(metric["type"]), float(metric["value"])  # type: ignore[arg-type]  # it is valid
            first = self._custom(kind, str(metric["key"]), metric.get("tags"), method)
            if first is None:
                self._drop()
            else:
                self._take(kind, first, value)

    def _take(self, kind: str, first: int, value: float) -> None:
        values = self._values
        with self._lock:
            if kind == COUNTER:
                values[first] += value
            elif kind == GAUGE:
                values[first], values[first + 1] = 1.0, value
            else:
                # A clock that was set back is no reason to refuse an answer.
                seconds = max(value, 0.0) / 1000
                values[first + bisect_left(TIMES, seconds)] += 1.0
                values[first + _SUM_OF_TIMES] += seconds

    def _custom(self, kind: str, key: str, tags: object, method: str) -> int | None:
        written: Labels = ()
        if tags and isinstance(tags, Mapping):
            written = tuple([(text(name), text(value)) for name, value in tags.items()])
        known = self._known.get((kind, key, method, written))
        return self._first_custom(kind, key, method, written) if known is None else known

    def _first_custom(self, kind: str, key: str, method: str, written: Labels) -> int | None:
        name = metric_name(key)
        if kind == COUNTER:
            name = name.removesuffix(TOTAL) or name
        labels = (*labels_of(written), ("method", METHOD_LABELS.get(method, method)))
        first = self._cells.index(key_of(kind, name, labels), KINDS[kind].size, reserved=RESERVED)
        if first is not None:
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            self._known[kind, key, method, written] = first
        return first

    def _drop(self) -> None:
        with self._lock:
            self._values[self._dropped] += 1.0
        if not self._warned:
            self._warned = True
            logger.warning(
                "Too many series of metrics: new ones are dropped from now on. "
                "Tags must not hold what differs from request to request."
            )
