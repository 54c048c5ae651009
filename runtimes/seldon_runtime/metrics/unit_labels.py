"""The labels that say whose metrics these are."""

from __future__ import annotations

from ..component.unit import UNKNOWN, Unit
from .names import LEGACY_LABELS, UNIT_LABELS, Labels, text


def unit_labels(unit: Unit) -> Labels:
    """Return the labels of every metric."""
    image, version = unit.image_and_version
    values = (unit.deployment, unit.id, image, version, unit.predictor, unit.predictor_version)
    return tuple((name, text(value or UNKNOWN)) for name, value in zip(UNIT_LABELS, values, strict=True))


def legacy_labels(labels: Labels) -> Labels:
    """Return some of ``labels`` under the names of older releases."""
    values = dict(labels)
    return tuple((name, values[newer]) for name, newer in LEGACY_LABELS.items())
