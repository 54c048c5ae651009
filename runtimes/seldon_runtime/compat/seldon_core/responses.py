"""What a method returned as the parts of an answer, for models that put their answers together themselves."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from seldon_runtime.component.lookup import find, optional

from .flask_utils import SeldonMicroserviceException


def request_path() -> dict[str, str]:
    """Return this component's entry of meta.requestPath; nothing where it has no id."""
    name = os.environ.get("PREDICTIVE_UNIT_ID")
    image = os.environ.get("PREDICTIVE_UNIT_IMAGE", "NOT_IMPLEMENTED:NOT_IMPLEMENTED")
    return {name: image} if name else {}


def as_response(user_model: object, asked: str, returned: Any) -> tuple[str, Any, Sequence[str]]:
    """Return the key of an answer, what belongs under it as JSON, and the names of its columns.

    Numbers come as the request's did, which is ``asked``: tensor, ndarray or tftensor.
    """
    if isinstance(returned, dict):
        return "jsonData", returned, ()
    if isinstance(returned, (bytes, bytearray)):
        return "binData", base64.b64encode(returned).decode(), ()
    if isinstance(returned, str):
        return "strData", returned, ()
    if not isinstance(returned, (list, np.ndarray)):
        raise SeldonMicroserviceException(
            f"Unknown data type returned as payload (must be list or np array): {returned}"
        )
    array = np.asarray(returned)
    kind = asked if np.issubdtype(array.dtype, np.number) else "ndarray"
    return kind, array, _names(user_model, array)


def _names(user_model: object, array: Any) -> Sequence[str]:
    if array.ndim < 2:
        return ()
    given = getattr(user_model, "class_names", None)
    names = _asked(user_model, "class_names") if callable(given) else given
    return [f"t:{index}" for index in range(array.shape[1])] if names is None else list(names)


def _asked(user_model: object, name: str) -> Any:
    method = find(user_model, name)
    return optional(method)(None) if method else None


def meta_of(
    user_model: object,
    puid: str | None,
    meta: Mapping[str, Any] | None,
    metrics: Iterable[Mapping[str, object]] | None,
    tags: Mapping[str, object] | None,
) -> dict[str, Any]:
    """Return the meta of an answer: of the ``meta`` given, of the model, and of this answer alone."""
    given = meta or {}
    parts = {
        "puid": puid,
        "tags": {**(given.get("tags") or {}), **(_asked(user_model, "tags") or {}), **(tags or {})},
        "metrics": [*(given.get("metrics") or ()), *(metrics or ())],
        "requestPath": {**request_path(), **(given.get("requestPath") or {})},
    }
    return {name: part for name, part in parts.items() if part}
