"""Metrics as text: OpenMetrics 1.0 or Prometheus 0.0.4."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from .families import Family, Series

OPEN_METRICS = "application/openmetrics-text"
OPEN_METRICS_TYPE = f"{OPEN_METRICS}; version=1.0.0; charset=utf-8"
TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# How the older format calls what it does not know.
OLDER = {"unknown": "untyped", "info": "gauge", "stateset": "gauge"}


def wants_open_metrics(accept: str) -> bool:
    """Tell whether a client with this Accept header rather reads OpenMetrics than the older text."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        weights[kind] = max(weights.get(kind, 0.0), _weight(parameters))
    older = max(weights.get("text/plain", 0.0), weights.get("text/*", 0.0))
    return weights.get(OPEN_METRICS, 0.0) > 0 and weights[OPEN_METRICS] >= older


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


def open_metrics(families: Iterable[Family]) -> bytes:
    """Write ``families`` as OpenMetrics."""
    return _encoded([*_lines(families, is_open=True), "# EOF"])


def text(families: Iterable[Family]) -> bytes:
    """Write ``families`` as the text that every Prometheus reads."""
    return _encoded(_lines(families, is_open=False))


def _encoded(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _lines(families: Iterable[Family], *, is_open: bool) -> Iterator[str]:
    for family in families:
        name, kind = family.name, family.kind
        if not is_open:
            name += {"counter": "_total", "info": "_info"}.get(kind, "")
            kind = OLDER.get(kind, kind)
        yield f"# HELP {name} {_escaped(family.help) if is_open else _escaped_help(family.help)}"
        yield f"# TYPE {name} {kind}"
        for series in family.series:
            yield from _samples(family.name, series)


def _samples(name: str, series: Series) -> Iterator[str]:
    labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in series.labels)
    shown, comma = f"{{{labels}}}" if labels else "", "," if labels else ""
    for ending, bound, value in series.points:
        where = f'{{{labels}{comma}le="{bound}"}}' if bound else shown
        yield f"{name}{ending}{where} {number(value)}"


def number(value: float) -> str:
    """Return ``value`` as both formats write numbers."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else repr(value)


def _escaped_help(written: str) -> str:
    return written.replace("\\", "\\\\").replace("\n", "\\n")


def _escaped(value: str) -> str:
    return _escaped_help(value).replace('"', '\\"')
