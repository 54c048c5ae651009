"""The metrics that a model keeps with prometheus_client, where it uses that."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

from ..errors import described
from .families import Family, Point, Series
from .names import Labels, allowed_label, free_name, metric_name, text

# The endings that the samples of a family have, by its type. When a series was created is left out.
ENDINGS = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum"),
    "summary": ("", "_count", "_sum"),
    "info": ("_info",),
    "stateset": ("",),
}
# Where one of them is set, the package's workers write into files, which are read together.
MULTIPROCESS = ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir")
logger = logging.getLogger("seldon_runtime")


def authors_families(more: Labels = ()) -> list[Family]:
    """Return what prometheus_client's registry holds, as far as it can be read.

    It is this process's alone, which ``more`` labels say, unless the package sums over the workers itself.
    """
    client = sys.modules.get("prometheus_client")
    found: list[Family] = []
    # As the package itself finds out; a model may set it before it imports the package.
    is_summed = any(os.environ.get(name) for name in MULTIPROCESS)
    try:
        for metric in _registry(client, is_summed=is_summed).collect() if client else ():
            found.append(_family(metric, () if is_summed else more))
    except Exception as error:  # noqa: BLE001 - the author's collectors may raise anything
        _warn(described(error))
    return [family for family in found if family.series]


@lru_cache(16)
def _warn(fault: str) -> None:
    """Tell a fault once, not at each scrape."""
    logger.warning("The metrics that the model keeps with prometheus_client are incomplete: %s", fault)


def _registry(client: Any, *, is_summed: bool) -> Any:
    if not is_summed:
        return client.REGISTRY
    registry = client.CollectorRegistry()
    import_module("prometheus_client.multiprocess").MultiProcessCollector(registry)
    return registry


def _family(metric: Any, more: Labels) -> Family:
    kind = metric.type if metric.type in ENDINGS else "unknown"
    family = Family(metric_name(metric.name), kind, text(metric.documentation))
    seen: set[tuple[str, Labels]] = set()
    for sample in metric.samples:
        ending = sample.name[len(metric.name) :]
        place = ending, _labels(sample.labels, more)
        is_known = sample.name.startswith(metric.name) and ending in ENDINGS.get(kind, ("",))
        if is_known and place not in seen:
            seen.add(place)
            family.series.append(Series(place[1], [Point(ending, "", float(sample.value))]))
    return family


def _labels(given: Mapping[str, object], more: Labels) -> Labels:
    """Return the author's labels; newer releases of the package take names that older readers refuse."""
    chosen: dict[str, str] = {}
    for name, value in given.items():
        chosen[free_name(allowed_label(name), chosen)] = text(value)
    return tuple({**dict(more), **chosen}.items())
