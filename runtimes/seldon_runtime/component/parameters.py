"""PREDICTIVE_UNIT_PARAMETERS: what the constructor is called with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from ..errors import ParametersInvalid
from ..variables import FALSE, TRUE


def parameters_from(text: str) -> dict[str, object]:
    """Read the constructor's arguments from a JSON list of name, value and type; ParametersInvalid."""
    if not text.strip():
        return {}
    try:
        items = json.loads(text)
    except ValueError as error:
        raise ParametersInvalid(f"it is not JSON ({error})") from None
    if not isinstance(items, list):
        raise ParametersInvalid("it is not a list")
    return dict(_parameter(item) for item in items)


def _parameter(item: object) -> tuple[str, object]:
    if not isinstance(item, dict) or not {"name", "value", "type"} <= item.keys():
        # Its value may be a password: only what it has is told.
        found = ", ".join(map(str, item)) if isinstance(item, dict) else type(item).__name__
        raise ParametersInvalid(f"an item has {found or 'nothing'}; it lacks one of name, value and type")
    name, value, kind = str(item["name"]), item["value"], str(item["type"])
    read = PARAMETER_TYPES.get(kind)
    if read is None:
        raise ParametersInvalid(f"{name} has the unknown type {kind!r}")
    try:
        return name, read(value)
    except (ValueError, TypeError, OverflowError):
        raise ParametersInvalid(f"{name} is {value!r}, which is no {kind}") from None


def _boolean(value: object) -> bool:
    text = str(value).lower()
    if text not in (*TRUE, *FALSE):
        raise ValueError(text)
    return text in TRUE


PARAMETER_TYPES: Mapping[str, Callable[..., object]] = {
    "INT": int,
    "FLOAT": float,
    "DOUBLE": float,
    "STRING": str,
    "BOOL": _boolean,
}
