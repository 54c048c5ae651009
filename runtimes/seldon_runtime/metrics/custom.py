"""The metrics of a component: dicts with type, key, value and tags."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence
from numbers import Real

from ..request_errors import MetricInvalid

COUNTER, GAUGE, TIMER = TYPES = ("COUNTER", "GAUGE", "TIMER")


def checked(metrics: Sequence[object], *, strict: bool = True) -> list[Mapping[str, object]]:
    """Return ``metrics`` if each is one; MetricInvalid, or without ``strict`` only those that are."""
    if strict:
        for metric in metrics:
            if fault := _fault(metric):
                raise MetricInvalid(f"metrics() gave {_shown(metric)}: {fault}")
        return list(metrics)  # type: ignore[arg-type]  # each is a Mapping: it has no fault
    return [metric for metric in metrics if isinstance(metric, Mapping) and not _fault(metric)]


def _fault(metric: object) -> str:
    if not isinstance(metric, Mapping):
        return "a metric is a dict with type, key and value"
    missing = [name for name in ("type", "key", "value") if name not in metric]
    if missing:
        return f"it lacks {', '.join(missing)}"
    kind, key, tags = metric["type"], metric["key"], metric.get("tags")
    if not isinstance(kind, str) or kind not in TYPES:
        return f"its type is none of {', '.join(TYPES)}"
    if not isinstance(key, str) or not key:
        return "its key is no text"
    if tags is not None and not isinstance(tags, Mapping):
        return "its tags are no dict"
    return _fault_of_value(kind, metric["value"])


def _fault_of_value(kind: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, Real):
        return "its value is no number"
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return "its value is larger than any float"
    if kind != GAUGE and not math.isfinite(number):
        return f"the value of a {kind} is a finite number"
    if kind == COUNTER and number < 0:
        return "a COUNTER never goes down; a GAUGE may"
    return ""


def _shown(metric: object) -> str:
    try:
        return reprlib.repr(dict(metric) if isinstance(metric, Mapping) else metric)
    except Exception as error:  # noqa: BLE001 - the author's repr may raise anything
        return f"a {type(metric).__name__} (whose repr raised {type(error).__name__})"
