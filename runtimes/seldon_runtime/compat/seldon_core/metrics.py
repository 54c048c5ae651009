"""A component's own metrics, as ``metrics()`` and SeldonResponse take them."""

from __future__ import annotations

from seldon_runtime.metrics.custom import checked
from seldon_runtime.request_errors import MetricInvalid

COUNTER, GAUGE, TIMER = "COUNTER", "GAUGE", "TIMER"


def create_counter(key: str, value: float) -> dict[str, object]:
    """Return a metric that adds ``value``."""
    return _metric(COUNTER, key, value)


def create_gauge(key: str, value: float) -> dict[str, object]:
    """Return a metric that is ``value``."""
    return _metric(GAUGE, key, value)


def create_timer(key: str, value: float) -> dict[str, object]:
    """Return a metric that took ``value`` milliseconds."""
    return _metric(TIMER, key, value)


def _metric(kind: str, key: str, value: float) -> dict[str, object]:
    return {"key": key, "type": kind, "value": value}


def validate_metrics(metrics: object) -> bool:
    """Tell whether ``metrics`` is a list of metrics."""
    if not isinstance(metrics, (list, tuple)):
        return False
    try:
        checked(metrics)
    except MetricInvalid:
        return False
    return True
