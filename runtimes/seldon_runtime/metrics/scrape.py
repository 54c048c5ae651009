"""Everything that /metrics shows."""

from __future__ import annotations

import os
import platform

from .. import __version__
from ..component.unit import Unit
from .authors_registry import authors_families
from .families import Family, Point, Series, distinct, joined
from .machine import process_families
from .names import WORKER, text
from .recorder import Recorder
from .summed import families_of
from .unit_labels import legacy_labels, unit_labels


def scraped(recorder: Recorder) -> list[Family]:
    """Return what ``recorder`` and its like in other workers counted, and what the system says of them."""
    tables = recorder.tables()
    unit = unit_labels(recorder.unit)
    counted = families_of(tables, unit, legacy_labels(unit))
    workers = sorted({table.owner for table in tables} - {0})
    families = distinct([_info(recorder.unit), *process_families(workers), *counted])
    # Each worker has a registry of its own, of which a scrape sees one.
    more = () if recorder.is_alone else ((WORKER, str(os.getpid())),)
    return joined(families, authors_families(more))


def _info(unit: Unit) -> Family:
    labels = (
        ("version", __version__),
        ("python_version", platform.python_version()),
        ("model_class", text(unit.variables.get("MODEL_NAME", ""))),
    )
    return Family("seldon_runtime", "info", "What serves.", [Series(labels, [Point("_info", "", 1.0)])])
