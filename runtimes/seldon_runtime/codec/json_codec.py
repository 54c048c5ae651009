"""Seldon messages as JSON: bytes to a Message, an Answer to bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import orjson

from ..message import Answer, Kind, Message, Meta
from ..request_errors import AnswerInvalid, PayloadInvalid
from .arrays import array_of, array_or_none, shaped

OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
SLOW_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
NON_FINITE = (b"NaN", b"Infinity")
# The names of more columns are made anew: clients choose how many widths are kept otherwise.
MOST_KEPT = 4096
BOM = b"\xef\xbb\xbf"
KINDS = {"jsonData": Kind.JSON, "strData": Kind.TEXT, "binData": Kind.BINARY}


def _knows_byte_order() -> bool:
    # Older versions of orjson write an array of another machine's byte order as if it were of ours.
    try:
        return orjson.dumps(np.ones(1, ">i4"), option=orjson.OPT_SERIALIZE_NUMPY) == b"[1]"
    except TypeError:
        return True


KNOWS_BYTE_ORDER = _knows_byte_order()


def parse(body: bytes | str) -> object:
    """Read JSON; the NaN and Infinity that Python's own encoder writes are accepted."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raw = body.encode("utf-8", "replace") if isinstance(body, str) else body
        # What some Windows tools put first.
        if raw.startswith(BOM):
            return parse(raw[len(BOM) :])
        if any(word in raw for word in NON_FINITE):
            return _parse_leniently(raw)
        raise PayloadInvalid(f"the body is not JSON: {error}" if raw else "the body is empty") from error


def _parse_leniently(body: bytes) -> object:
    import json

    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadInvalid(f"the body is not JSON: {error}") from error


def decode(document: object) -> Message:
    """Read a SeldonMessage; of several payloads ``data`` wins, then jsonData, strData, binData.

    A body with inputs or instances, and none of these, is Hopsworks': its payload is the whole document.
    """
    if not isinstance(document, dict):
        raise PayloadInvalid("the body must be a JSON object, a SeldonMessage")
    meta = meta_of(document)
    if "data" in document:
        return _decode_data(document["data"], meta)
    for key, kind in KINDS.items():
        if key in document:
            value = document[key]
            return Message(_decode_bytes(value) if kind is Kind.BINARY else value, kind, [], meta)
    if is_inputs(document):
        return Message(document, Kind.INPUTS, [], meta)
    if "customData" in document:
        return Message(_any(document["customData"]), Kind.CUSTOM, [], meta)
    raise PayloadInvalid(
        f"the message holds none of data, jsonData, strData, binData; it holds {_listed(document)}"
    )


def _listed(keys: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, keys)))[:200] or "nothing"


def is_inputs(document: object) -> bool:
    """Tell whether the body is Hopsworks': it has inputs or instances, and no payload of Seldon's."""
    return (
        isinstance(document, dict)
        and ("inputs" in document or "instances" in document)
        and not (document.keys() & KINDS.keys() or "data" in document)
    )


def meta_of(document: Mapping[str, object]) -> Meta:
    """Return the meta of a message; PayloadInvalid where it is no object."""
    meta = document.get("meta")
    if meta is None or isinstance(meta, dict):
        return meta
    raise PayloadInvalid("meta must be an object")


def _any(document: object) -> object:
    try:
        from google.protobuf.any_pb2 import Any as Packed

        from ..proto.messages import from_json
    except ImportError as error:
        raise PayloadInvalid("customData is protobuf, which this image lacks; send jsonData") from error
    return from_json(Packed, document)


def _decode_data(data: object, meta: Meta) -> Message:
    if not isinstance(data, dict):
        raise PayloadInvalid("data must be an object with ndarray or tensor")
    names = data.get("names") or []
    if not isinstance(names, list):
        raise PayloadInvalid("data.names must be a list")
    if "tensor" in data:
        return Message(_decode_tensor(data["tensor"]), Kind.TENSOR, names, meta)
    if "ndarray" in data:
        return Message(array_of(data["ndarray"]), Kind.NDARRAY, names, meta)
    if "tftensor" in data:
        from .tftensor import array_from_document

        return Message(array_from_document(data["tftensor"]), Kind.TFTENSOR, names, meta)
    if unknown := data.keys() - {"names"}:
        raise PayloadInvalid(f"data holds none of ndarray, tensor, tftensor; it holds {_listed(unknown)}")
    return Message(np.array([]), Kind.NDARRAY, names, meta)


def _decode_tensor(tensor: object) -> npt.NDArray[Any]:
    if not isinstance(tensor, dict) or not {"shape", "values"} <= tensor.keys():
        raise PayloadInvalid("data.tensor must be an object with shape and values")
    return shaped(array_of(tensor["values"]), tensor["shape"])


def _decode_bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise PayloadInvalid("binData must be base64 in a string")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return _decode_bytes_leniently(text)


def _decode_bytes_leniently(text: str) -> bytes:
    """Read base64 in lines, of the alphabet of URLs or without padding, as protobuf's JSON allows."""
    standard = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError as error:
        raise PayloadInvalid(f"binData is not base64: {error}") from error


def encode(answer: Answer) -> bytes:
    """Write the SeldonMessage of ``answer``, its keys sorted; NaN and infinities become null."""
    document = _document(answer)
    if not KNOWS_BYTE_ORDER and not isinstance(answer.payload, np.ndarray):
        return _encode_slowly(document)
    try:
        return orjson.dumps(document, default=_plain, option=OPTIONS)
    except TypeError:
        return _encode_slowly(document)


def _encode_slowly(document: Mapping[str, object]) -> bytes:
    """Write what the fast way refuses: keys that are numbers, arrays in another machine's byte order."""
    try:
        return orjson.dumps(document, default=_plain, option=SLOW_OPTIONS)
    except TypeError as error:
        raise AnswerInvalid(f"the answer does not fit into JSON: {error}") from error


def _document(answer: Answer) -> Any:
    payload, meta = answer.payload, answer.meta
    if answer.kind is Kind.RAW:
        return _as_it_is(payload)
    if answer.kind is Kind.INPUTS:
        return {"predictions": payload}
    if isinstance(payload, (np.ndarray, list)):
        return {"data": _data(answer, payload), "meta": meta}
    if isinstance(payload, dict):
        return {"jsonData": payload, "meta": meta}
    if isinstance(payload, str):
        return {"meta": meta, "strData": payload}
    if isinstance(payload, (bytes, bytearray, memoryview)):
        return {"binData": base64.b64encode(payload).decode(), "meta": meta}
    if hasattr(payload, "DESCRIPTOR"):
        return {"customData": _as_it_is(payload), "meta": meta}
    raise AnswerInvalid(
        f"the model returned {type(payload).__name__}; "
        f"it must return a numpy array, a list, a dict, a str or bytes{_advice(payload)}"
    )


def _advice(payload: object) -> str:
    if hasattr(payload, "to_numpy"):
        return ": its to_numpy(), with the columns' names from class_names()"
    if isinstance(payload, tuple):
        return ": list() of it"
    return ": [value] for a single one" if isinstance(payload, (int, float, np.generic)) else ""


def _as_it_is(document: Any) -> object:
    if not hasattr(document, "DESCRIPTOR"):
        return document
    from ..proto.messages import to_json

    try:
        return to_json(document)
    except (TypeError, ValueError) as error:  # an Any whose type nobody registered
        raise AnswerInvalid(f"the model's {document.DESCRIPTOR.name} cannot be written as JSON") from error


def _data(answer: Answer, payload: npt.NDArray[Any] | list[object]) -> dict[str, object]:
    # asarray: a matrix stays two-dimensional whatever one does to it.
    array = np.asarray(payload) if isinstance(payload, np.ndarray) else array_or_none(payload)
    shape = array.shape if array is not None else ()
    names = _names(answer.names, shape)
    numeric = array is not None and array.dtype.kind in "iufc"
    if isinstance(payload, np.ndarray) and not payload.dtype.isnative:
        payload = array = payload.astype(payload.dtype.newbyteorder("="))
    if array is not None and numeric and answer.kind is Kind.TFTENSOR:
        from .tftensor import document_of

        return {"names": names, "tftensor": document_of(array)}
    if array is not None and numeric and answer.kind is not Kind.NDARRAY:
        return {"names": names, "tensor": {"shape": shape, "values": array.ravel()}}
    if array is not None and array.dtype.kind == "M":
        # orjson has no date for "not a time", which is null here.
        payload = array.astype("datetime64[us]").tolist()
    return {"names": names, "ndarray": payload}


def _names(names: Sequence[object] | None, shape: tuple[int, ...]) -> Sequence[object]:
    if len(shape) < 2:
        return ()
    if names is not None:
        return names
    return _kept(shape[1]) if shape[1] <= MOST_KEPT else numbered(shape[1])


def numbered(width: int) -> tuple[str, ...]:
    """Name ``width`` columns ``t:0``, ``t:1`` ..."""
    return tuple(f"t:{index}" for index in range(width))


_kept = lru_cache(maxsize=64)(numbered)


def _plain(value: object) -> object:
    """Turn what orjson cannot write (strided or text arrays, odd scalars) into what it can."""
    if isinstance(value, np.floating):
        return float(value)
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, date):  # a subclass: pandas' Timestamp
        return value.isoformat()
    if hasattr(value, "DESCRIPTOR"):
        return _as_it_is(value)
    # An array, a scalar of numpy, a pandas Series, a torch tensor.
    if hasattr(value, "tolist") and not isinstance(value, np.complexfloating):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")
