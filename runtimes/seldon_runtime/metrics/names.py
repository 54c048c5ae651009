"""What Prometheus takes as names: of metrics, of labels."""

from __future__ import annotations

import re
from collections.abc import Container

NOT_OF_METRICS = re.compile(r"[^a-zA-Z0-9_:]")
NOT_OF_LABELS = re.compile(r"[^a-zA-Z0-9_]")
# Prometheus itself renames so where a label is taken already.
EXPORTED = "exported_"
TOTAL = "_total"
# By the component's methods: what seldon-core writes into the label ``method``.
METHOD_LABELS = {
    "transform_input": "inputtransform",
    "transform_output": "outputtransform",
    "route": "router",
    "send_feedback": "feedback",
    "health_status": "health",
}
UNIT_LABELS = (
    "deployment_name",
    "model_name",
    "model_image",
    "model_version",
    "predictor_name",
    "predictor_version",
)
# The same once more, for dashboards of older releases.
LEGACY_LABELS = {
    "seldon_deployment_name": "deployment_name",
    "image_name": "model_image",
    "image_version": "model_version",
}
WORKER = "worker_id"
# What a tag of the author's cannot be called: ours, and what histograms and summaries use.
RESERVED = frozenset({*UNIT_LABELS, *LEGACY_LABELS, "method", WORKER, "le", "quantile"})
Labels = tuple[tuple[str, str], ...]


def metric_name(key: str) -> str:
    """Return ``key`` with what Prometheus does not allow written as underscores."""
    name = NOT_OF_METRICS.sub("_", key)
    return f"_{name}" if name[0].isdigit() else name


def labels_of(tags: Labels) -> Labels:
    """Return the author's tags as labels, sorted; names that are not allowed or taken are changed."""
    # Names that may stay go first: whoever must be renamed finds them taken.
    given = sorted(tags, key=lambda tag: (label_name(tag[0]) != tag[0], tag))
    chosen: dict[str, str] = {}
    for name, value in given:
        chosen[free_name(label_name(name), chosen)] = value
    return tuple(sorted(chosen.items()))


def label_name(name: str) -> str:
    """Return ``name`` as the tag of a metric may be called."""
    found = allowed_label(name)
    return f"{EXPORTED}{found}" if found in RESERVED else found


def allowed_label(name: str) -> str:
    """Return ``name`` with what Prometheus does not allow written as underscores, or taken from its front."""
    found = NOT_OF_LABELS.sub("_", name) or "_"
    if found.startswith("__"):
        return f"{EXPORTED}{found.lstrip('_')}"
    return f"_{found}" if found[0].isdigit() else found


def free_name(name: str, taken: Container[str]) -> str:
    """Return ``name``, with a number where it is taken."""
    number, found = 2, name
    while found in taken:
        # Two underscores in front are Prometheus's own.
        number, found = number + 1, f"{name.rstrip('_')}_{number}"
    return found


def text(value: object) -> str:
    """Return what stands for ``value`` in a label."""
    if type(value) is str and value.isascii():
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    try:
        found = str(value)
    except Exception:  # noqa: BLE001 - the author's __str__ may raise anything
        found = type(value).__name__
    # Half of a surrogate pair is no UTF-8.
    return found.encode("utf-8", "replace").decode()
