"""Answers as protobuf: an Answer to the bytes of a SeldonMessage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..codec.arrays import array_or_none
from ..message import Answer, Kind
from ..request_errors import AnswerInvalid, PayloadInvalid
from .number_list import list_of
from .values import array_content, list_content, written
from .wire import entry, framed, single, text, varint

# The names of more columns are made anew: clients choose how many widths are kept otherwise.
MOST_KEPT = 4096
METRIC_TYPES = {"COUNTER": b"\x10\x00", "GAUGE": b"\x10\x01", "TIMER": b"\x10\x02"}
NO_META = b"\x12\x00"
Part: TypeAlias = "bytes | bytearray | memoryview"
Parts: TypeAlias = "tuple[Part, ...]"


def encode(answer: Answer) -> bytes:
    """Write the SeldonMessage of ``answer``; AnswerInvalid where no message can carry it."""
    try:
        if answer.kind is Kind.RAW:
            return raw(answer.payload)
        meta = framed(b"\x12", _meta(answer.meta)) if answer.meta else NO_META
        # Joined once: copying is what large answers cost.
        return b"".join((meta, *_payload(answer)))
    except (ValueError, OverflowError, TypeError, RecursionError) as error:
        raise AnswerInvalid(f"the answer does not fit into a message: {error}") from error


def _payload(answer: Answer) -> Parts:
    payload = answer.payload
    if isinstance(payload, (np.ndarray, list)):
        return _data(answer, payload)
    if isinstance(payload, str):
        return (text(b"\x2a", payload),)
    if isinstance(payload, (bytes, bytearray, memoryview)):
        return b"\x22" + varint(memoryview(payload).nbytes), payload
    if isinstance(payload, dict):
        return (framed(b"\x32", written(payload)),)
    if _full_name(payload) == "google.protobuf.Any":
        return (framed(b"\x3a", payload.SerializeToString()),)  # type: ignore[attr-defined]  # its name says so
    raise AnswerInvalid(
        f"the model returned {type(payload).__name__}; "
        "it must return a numpy array, a list, a dict, a str, bytes or a google.protobuf.Any"
    )


def _data(answer: Answer, payload: npt.NDArray[Any] | list[Any]) -> Parts:
    # asarray: a matrix stays two-dimensional whatever one does to it.
    array = np.asarray(payload) if isinstance(payload, np.ndarray) else array_or_none(payload)
    names = _names(answer.names, array.shape if array is not None else ())
    if array is None or array.dtype.kind not in "iufc":
        return _whole(names, b"\x1a", _items(payload))
    if answer.kind is Kind.TFTENSOR:
        return _whole(names, b"\x22", _tftensor(array))
    if array.dtype.kind == "c":
        raise AnswerInvalid("the model returned complex numbers, which only a tftensor can carry")
    # A number on its own is no list.
    if answer.kind is Kind.NDARRAY and array.ndim:
        return _whole(names, b"\x1a", list_of(array))
    return _whole(names, b"\x12", *_tensor(array))


def _whole(names: bytes, tag: bytes, *parts: Part) -> Parts:
    """Write the field data."""
    size = sum(map(len, parts))
    head = names + tag + varint(size)
    return b"\x1a" + varint(len(head) + size) + head, *parts


def _tensor(array: npt.NDArray[Any]) -> Parts:
    content = np.ascontiguousarray(array, "<f8").data.cast("B") if array.size else b""
    shape = _shape(array.shape)
    return (shape + b"\x12" + varint(len(content)), content) if content else (shape, b"")


@lru_cache(maxsize=64)
def _shape(shape: tuple[int, ...]) -> bytes:
    return framed(b"\x0a", b"".join(map(varint, shape))) if shape else b""


def _tftensor(array: npt.NDArray[Any]) -> bytes:
    from ..codec.tftensor import content_of

    number, content = content_of(array)
    shape = b"".join(framed(b"\x12", b"\x08" + varint(length)) for length in array.shape)
    return b"\x08" + varint(number) + framed(b"\x12", shape) + framed(b"\x22", content)


def _items(payload: npt.NDArray[Any] | list[Any]) -> bytes | bytearray:
    if isinstance(payload, list):
        return list_content(payload)
    if not payload.ndim:
        raise AnswerInvalid("the model returned an array without dimensions that holds no number")
    return array_content(np.asarray(payload))


def _names(names: Sequence[object] | None, shape: tuple[int, ...]) -> bytes:
    if len(shape) < 2:
        return b""
    if names is not None:
        return b"".join(text(b"\x0a", name) for name in names)
    return _kept(shape[1]) if shape[1] <= MOST_KEPT else _numbered(shape[1])


def _numbered(width: int) -> bytes:
    return b"".join(text(b"\x0a", f"t:{index}") for index in range(width))


_kept = lru_cache(maxsize=64)(_numbered)


def _meta(meta: Mapping[str, Any]) -> bytes:
    """Write the content of a Meta."""
    puid = meta.get("puid")
    return b"".join(
        (
            text(b"\x0a", puid) if puid else b"",
            *(
                entry(b"\x12", str(name), framed(b"\x12", written(value)))
                for name, value in (meta.get("tags") or {}).items()
            ),
            *(
                entry(b"\x1a", str(name), b"\x10" + varint(int(branch)))
                for name, branch in (meta.get("routing") or {}).items()
            ),
            *(
                entry(b"\x22", str(name), text(b"\x12", image))
                for name, image in (meta.get("requestPath") or {}).items()
            ),
            *(framed(b"\x2a", _metric(metric)) for metric in meta.get("metrics") or ()),
        )
    )


def _metric(metric: Mapping[str, Any]) -> bytes:
    tags = (entry(b"\x22", str(name), text(b"\x12", tag)) for name, tag in (metric.get("tags") or {}).items())
    kind = METRIC_TYPES.get(str(metric.get("type", "COUNTER")), b"")
    return text(b"\x0a", metric["key"]) + kind + b"\x1d" + single(metric["value"]) + b"".join(tags)


def raw(document: object) -> bytes:
    """Write what a raw method returned: a SeldonMessage of any pool, or the JSON form of one."""
    if _full_name(document) == "seldon.protos.SeldonMessage":
        return document.SerializeToString()  # type: ignore[attr-defined,no-any-return]  # its name says so
    from .messages import SELDON_MESSAGE, from_json

    try:
        return from_json(SELDON_MESSAGE, document).SerializeToString()
    except PayloadInvalid as error:
        raise AnswerInvalid(f"the model returned no SeldonMessage: {error}") from error


def _full_name(value: object) -> str:
    return str(getattr(getattr(value, "DESCRIPTOR", None), "full_name", ""))
