"""What goes back beside the payload: puid, tags, metrics, requestPath.

Source: seldon-core 1.17's ``construct_response`` (reference in docs/runtime.md, Meta).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..message import Meta
from ..metrics.custom import checked
from ..metrics.recorder import Recorder
from ..request_errors import AnswerInvalid, PayloadInvalid
from .lookup import find, optional
from .unit import Unit

Metrics = Sequence[Mapping[str, object]]
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
        own_tags = self._tags(payload) if self._tags else None
        meta = _present(
            puid=given.get("puid"),
            tags={
                **_mapping("tags", given.get("tags")),
                **_mapping("tags", own_tags),
                **_mapping("tags", getattr(runtime, "tags", None)),
            },
            requestPath={**self._path, **_mapping("requestPath", given.get("requestPath"))},
        )
        metrics = self._measured(method, payload, runtime)
        upstream = given.get("metrics")
        if upstream is not None and not isinstance(upstream, list):
            raise PayloadInvalid("meta.metrics must be a list")
        shown = [*(upstream or ()), *(metrics if self._unit.metrics_in_answers else ())]
        return {**meta, "metrics": shown} if shown else meta

    def kept(self, method: str, payload: object, given: Meta, runtime: object = None) -> Meta:
        """Return the meta of a route or feedback, which keeps only the request's puid."""
        puid = given.get("puid") if given else None
        return self.answered(method, payload, {"puid": puid} if puid is not None else None, runtime)

    def _measured(self, method: str, payload: object, runtime: object) -> Metrics:
        own = (self._metrics(payload) if self._metrics else None) or ()
        metrics = checked([*_list(own), *_list(getattr(runtime, "metrics", None) or ())])
        if metrics:
            self._recorder.custom(metrics, method)
        return metrics

    def record_raw(self, method: str, metrics: object) -> None:
        """Record the valid ones of the metrics that a raw method wrote into its answer."""
        if isinstance(metrics, list) and metrics:
            self._recorder.custom(checked(metrics, strict=False), method)


def merged(metas: Sequence[Meta]) -> Meta:
    """Return the meta of several messages as one: the first's puid, later tags and paths win."""
    merged: dict[str, Any] = {"tags": {}, "requestPath": {}, "metrics": []}
    for meta in metas:
        if not meta:
            continue
        merged["tags"].update(_mapping("tags", meta.get("tags")))
        merged["requestPath"].update(_mapping("requestPath", meta.get("requestPath")))
        merged["metrics"].extend(_list(meta.get("metrics") or ()))
    first = metas[0] if metas else None
    return _present(puid=first.get("puid") if first else None, **merged)


def _optional(user: object, name: str) -> Callable[[object], Any] | None:
    method = find(user, name)
    return optional(method) if method else None


def _present(*, puid: object, **parts: Any) -> dict[str, object]:
    found = {name: part for name, part in parts.items() if part}
    return {**found, "puid": puid} if puid is not None else found


def _mapping(name: str, value: object) -> Mapping[str, object]:
    if not value:
        return _EMPTY
    if not isinstance(value, Mapping):
        raise AnswerInvalid(f"{name} must be an object of names and values, not {type(value).__name__}")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise AnswerInvalid(f"metrics must be a list, not {type(value).__name__}")
    return list(value)
