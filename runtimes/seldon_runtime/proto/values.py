"""JSON values as google.protobuf.Value, Struct and ListValue: written on the wire, read from messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any

import numpy as np
import numpy.typing as npt

from ..request_errors import AnswerInvalid
from .number_list import list_of
from .wire import DOUBLE, entry, framed

_WORDS = {True: "true", False: "false", None: "null"}


def written(value: Any) -> bytes:
    """Write a Value; AnswerInvalid for what JSON has no word for."""
    if isinstance(value, str):
        return framed(b"\x1a", value.encode())
    if value is None:
        return b"\x08\x00"
    if isinstance(value, bool):
        return b"\x20\x01" if value else b"\x20\x00"
    if isinstance(value, (int, float)):
        return b"\x11" + DOUBLE(float(value))
    if isinstance(value, Mapping):
        return framed(b"\x2a", _struct(value))
    if isinstance(value, (list, tuple)):
        return framed(b"\x32", list_content(value))
    return _other(value)


def _other(value: Any) -> bytes:
    if isinstance(value, np.ndarray) and value.ndim:
        return framed(b"\x32", array_content(value))
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        if array.dtype.kind in "biufUM":
            return written(_plain(array).item())
    if isinstance(value, (date, time)):
        return written(value.isoformat())
    raise AnswerInvalid(f"the answer does not fit into a message: {type(value).__name__} is not JSON")


def _struct(value: Mapping[Any, Any]) -> bytes:
    return b"".join(entry(b"\x0a", _key(key), framed(b"\x12", written(item))) for key, item in value.items())


def _key(key: Any) -> str:
    return _WORDS[key] if key is None or isinstance(key, bool) else str(key)


def list_content(items: Iterable[Any]) -> bytes:
    """Write the content of a ListValue."""
    return b"".join(framed(b"\x0a", written(item)) for item in items)


def array_content(array: npt.NDArray[Any]) -> bytes | bytearray:
    """Write an array of any type, of one dimension or more, as the content of a ListValue."""
    if array.dtype.kind in "iuf":
        return list_of(array)
    return list_content(_plain(array).tolist())


def _plain(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    # Python's own datetimes end at microseconds; finer ones would become integers.
    return array.astype("M8[us]") if array.dtype.kind == "M" else array


def read(value: Any) -> Any:
    """Read a Value message; numbers are floats."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return {key: read(item) for key, item in value.struct_value.fields.items()}
    if kind == "list_value":
        return items_of(value.list_value)
    return None if kind in (None, "null_value") else getattr(value, kind)


def items_of(values: Any) -> list[Any]:
    """Read a ListValue message."""
    return [read(item) for item in values.values]
