"""What goes back beside the payload: puid, tags, metrics, requestPath.

Source: seldon-core 1.17's ``construct_response``; docs/component.md has the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..message import Meta
from ..metrics.custom import checked
from ..metrics.recorder import Recorder
from ..request_errors import AnswerInvalid, MetricInvalid, PayloadInvalid
from .lookup import find, optional
from .unit import Unit

_EMPTY: Mapping[str, object] = {}


class MetaRules:
    """Puts together the meta of an answer, and records the component's metrics on the way."""

    def __init__(self, user: object, unit: Unit, recorder: Recorder) -> None:
        self._tags = _optional(user, "tags")
        self._metrics = _optional(user, "metrics")
        self._unit, self._recorder = unit, recorder
        self._path = {unit.id: unit.path_image} if unit.id else {}
        self._silent = not (self._tags or self._metrics or self._path)

    def answered(self, method: str, payload: object, given: Meta, runtime: object = None) -> Meta:
        """Return the meta of an answer to a request with ``payload`` and the meta ``given``.

        ``runtime`` is the SeldonResponse that the method returned, if it did: its tags win.
        """
        if self._silent and not given and runtime is None:
            return _EMPTY
        given = given or _EMPTY
        metrics = self._measured(method, payload, runtime)
        parts = {
            "tags": {
                **_given(given, "tags"),
                **_own_tags(self._tags(payload) if self._tags else None),
                **_own_tags(getattr(runtime, "tags", None)),
            },
            "metrics": [*_given_metrics(given), *(metrics if self._unit.metrics_in_answers else ())],
            "requestPath": {**self._path, **_given(given, "requestPath")},
            "puid": given.get("puid"),
        }
        return {name: part for name, part in parts.items() if part}

    def kept(self, method: str, payload: object, given: Meta, runtime: object = None) -> Meta:
        """Return the meta of a route or feedback, which keeps only the request's puid."""
        puid = given.get("puid") if given else None
        return self.answered(method, payload, {"puid": puid} if puid else None, runtime)

    def _measured(self, method: str, payload: object, runtime: object) -> Sequence[Mapping[str, object]]:
        own = self._metrics(payload) if self._metrics else None
        metrics = checked([*_listed(own), *_listed(getattr(runtime, "metrics", None))])
        if metrics:
            self._recorder.custom(metrics, method)
        return metrics

    def raw(self, method: str, returned: Any) -> Any:
        """Record what a raw method wrote into its meta.metrics; return what a client may see of it."""
        if isinstance(returned, Mapping):
            return self._raw_document(method, returned)
        if hasattr(returned, "DESCRIPTOR") and hasattr(returned, "meta"):
            self._raw_protobuf(method, returned)
        return returned

    def _raw_document(self, method: str, returned: Mapping[str, Any]) -> Mapping[str, Any]:
        meta = returned.get("meta")
        if not isinstance(meta, Mapping) or not (metrics := meta.get("metrics")):
            return returned
        if isinstance(metrics, list):
            self._recorder.custom(checked(metrics, strict=False), method)
        if self._unit.metrics_in_answers:
            return returned
        return {**returned, "meta": {name: part for name, part in meta.items() if name != "metrics"}}

    def _raw_protobuf(self, method: str, returned: Any) -> None:
        if not returned.meta.metrics:
            return
        from ..proto.messages import metrics_of

        self._recorder.custom(checked(metrics_of(returned), strict=False), method)
        if not self._unit.metrics_in_answers:
            del returned.meta.metrics[:]


def merged(metas: Sequence[Meta]) -> Meta:
    """Return the meta of several messages as one: the first's puid, later tags and paths win."""
    found = [meta or _EMPTY for meta in metas]
    return {
        "puid": found[0].get("puid"),
        "tags": {name: tag for meta in found for name, tag in _given(meta, "tags").items()},
        "requestPath": {name: path for meta in found for name, path in _given(meta, "requestPath").items()},
        "metrics": [metric for meta in found for metric in _given_metrics(meta)],
    }


def _optional(user: object, name: str) -> Callable[[object], Any] | None:
    method = find(user, name)
    return optional(method) if method else None


def _given(meta: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = meta.get(name)
    if not found:
        return _EMPTY
    if not isinstance(found, Mapping):
        raise PayloadInvalid(f"meta.{name} must be an object, not {found!r:.80}")
    return found


def _given_metrics(meta: Mapping[str, object]) -> Sequence[Any]:
    found = meta.get("metrics")
    if not found:
        return ()
    if not isinstance(found, list):
        raise PayloadInvalid(f"meta.metrics must be a list, not {found!r:.80}")
    return found


def _own_tags(tags: object) -> Mapping[str, object]:
    if not tags:
        return _EMPTY
    if not isinstance(tags, Mapping):
        raise AnswerInvalid(f"tags must be a dict of names and values, not {type(tags).__name__}")
    return tags


def _listed(metrics: object) -> Sequence[object]:
    if metrics is None:
        return ()
    if not isinstance(metrics, (list, tuple)):
        raise MetricInvalid(f"metrics must be a list, not {type(metrics).__name__}")
    return metrics
