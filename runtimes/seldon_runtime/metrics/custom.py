"""The metrics of a component: dicts with type, key, value and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real

from ..request_errors import MetricInvalid

TYPES = ("COUNTER", "GAUGE", "TIMER")


def checked(metrics: Sequence[object], *, strict: bool = True) -> list[Mapping[str, object]]:
    """Return ``metrics`` if each is one; MetricInvalid, or without ``strict`` only those that are."""
    if strict:
        for metric in metrics:
            if fault := _fault(metric):
                raise MetricInvalid(f"metrics() gave {metric!r}: {fault}")
    return [metric for metric in metrics if isinstance(metric, Mapping) and not _fault(metric)]


def _fault(metric: object) -> str:
    if not isinstance(metric, Mapping):
        return "a metric is a dict with type, key and value"
    missing = [name for name in ("type", "key", "value") if name not in metric]
    if missing:
        return f"it lacks {', '.join(missing)}"
    if metric["type"] not in TYPES:
        return f"its type is none of {', '.join(TYPES)}"
    value = metric["value"]
    if isinstance(value, bool) or not isinstance(value, Real):
        return "its value is no number"
    if not isinstance(metric.get("tags") or {}, Mapping):
        return "its tags are no dict"
    return ""
