"""TensorFlow's tensors as numpy arrays and back, without TensorFlow.

The elements of a TensorProto are either the bytes of ``tensor_content`` or a list in the field of their
type, where a list that is too short goes on with its last element.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from ..request_errors import AnswerInvalid, PayloadInvalid
from .arrays import usable

# A few bytes may stand for any number of elements; this many bytes of them are taken.
LARGEST = 128 << 20
STRING, BFLOAT16 = 7, 14


@dataclass(frozen=True)
class Type:
    """An element type: TensorFlow's name, numpy's, and the field that lists such elements."""

    name: str
    numpy: str
    field: str


TYPES: Mapping[int, Type] = {
    1: Type("DT_FLOAT", "<f4", "float_val"),
    2: Type("DT_DOUBLE", "<f8", "double_val"),
    3: Type("DT_INT32", "<i4", "int_val"),
    4: Type("DT_UINT8", "u1", "int_val"),
    5: Type("DT_INT16", "<i2", "int_val"),
    6: Type("DT_INT8", "i1", "int_val"),
    STRING: Type("DT_STRING", "O", "string_val"),
    8: Type("DT_COMPLEX64", "<c8", "scomplex_val"),
    9: Type("DT_INT64", "<i8", "int64_val"),
    10: Type("DT_BOOL", "?", "bool_val"),
    11: Type("DT_QINT8", "i1", "int_val"),
    12: Type("DT_QUINT8", "u1", "int_val"),
    13: Type("DT_QINT32", "<i4", "int_val"),
    # numpy has no such type: its bits are the upper half of a float32's.
    BFLOAT16: Type("DT_BFLOAT16", "<u2", "half_val"),
    15: Type("DT_QINT16", "<i2", "int_val"),
    16: Type("DT_QUINT16", "<u2", "int_val"),
    17: Type("DT_UINT16", "<u2", "int_val"),
    18: Type("DT_COMPLEX128", "<c16", "dcomplex_val"),
    19: Type("DT_HALF", "<f2", "half_val"),
    22: Type("DT_UINT32", "<u4", "uint32_val"),
    23: Type("DT_UINT64", "<u8", "uint64_val"),
}
NUMBERS = {kind.name: number for number, kind in TYPES.items()}
# The quantized ones stand for something else than their integers: nothing is written as one.
_WRITTEN = {
    np.dtype(kind.numpy).str: number
    for number, kind in TYPES.items()
    if not kind.name.startswith("DT_Q") and number not in (BFLOAT16, STRING)
}


def array_from_message(tensor: Any) -> npt.NDArray[Any]:
    """Read a TensorProto message of any pool; PayloadInvalid where it is none that numpy can hold."""
    kind = _kind(tensor.dtype)
    if tensor.tensor_shape.unknown_rank:
        raise PayloadInvalid("the tftensor has no known shape")
    shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
    return _array(tensor.dtype, shape, tensor.tensor_content, getattr(tensor, kind.field))


def array_from_document(document: object) -> npt.NDArray[Any]:
    """Read the JSON form of a TensorProto; PayloadInvalid."""
    if not isinstance(document, Mapping):
        raise PayloadInvalid("data.tftensor must be an object, a TensorProto")
    try:
        dtype = _number(document.get("dtype"))
        shape = _shape(_get(document, "tensor_shape") or {})
        content = _bytes(_get(document, "tensor_content") or "")
        listed = _get(document, _kind(dtype).field) or ()
        return _array(dtype, shape, content, [_element(dtype, item) for item in listed])
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise PayloadInvalid(f"data.tftensor is no TensorProto: {error}") from error


def document_of(array: npt.NDArray[Any]) -> dict[str, object]:
    """Write ``array`` as the JSON form of a TensorProto; AnswerInvalid where TensorFlow has no such type."""
    shape = {"dim": [{"size": str(length)} for length in array.shape]} if array.ndim else {}
    if array.dtype.kind in "OSU":
        content = [base64.b64encode(text).decode() for text in _texts(array)]
        return {"dtype": "DT_STRING", "tensorShape": shape, "stringVal": content}
    number, content_bytes = content_of(array)
    content_text = base64.b64encode(content_bytes).decode()
    return {"dtype": TYPES[number].name, "tensorShape": shape, "tensorContent": content_text}


def content_of(array: npt.NDArray[Any]) -> tuple[int, bytes]:
    """Return the DataType and tensor_content of an array of numbers; AnswerInvalid."""
    if array.dtype.kind in "fc" and array.dtype.itemsize > (8 if array.dtype.kind == "f" else 16):
        array = array.astype("<f8" if array.dtype.kind == "f" else "<c16")
    little = array.dtype.newbyteorder("<")
    number = _WRITTEN.get(little.str)
    if number is None:
        raise AnswerInvalid(f"the model returned an array of {array.dtype}, which no tftensor can hold")
    return number, array.astype(little, copy=False).tobytes()


def _texts(array: npt.NDArray[Any]) -> Iterable[bytes]:
    for item in array.ravel().tolist():
        if not isinstance(item, (str, bytes)):
            raise AnswerInvalid(f"a tftensor of strings cannot hold {type(item).__name__}")
        yield item.encode() if isinstance(item, str) else item


def _kind(dtype: int) -> Type:
    kind = TYPES.get(dtype)
    if kind is None:
        raise PayloadInvalid(f"the tftensor has dtype {dtype}, which is no array of numbers or strings")
    return kind


def _array(dtype: int, shape: tuple[int, ...], content: bytes, listed: Sequence[Any]) -> npt.NDArray[Any]:
    kind = TYPES[dtype]
    # Before anything is multiplied: the product of a million dimensions takes hours.
    usable(shape, is_empty=0 in shape)
    if min(shape, default=0) < 0:
        raise PayloadInvalid(f"the tftensor's shape {shape} is not usable")
    if content and dtype != STRING:
        size = np.dtype(kind.numpy).itemsize
        if len(content) != size * prod(shape):
            raise PayloadInvalid(f"the tftensor has {len(content)} bytes, which do not fill shape {shape}")
        array = np.frombuffer(content, kind.numpy)
    else:
        array = _filled(_READ.get(dtype, _numbers)(listed, kind.numpy), shape)
    if dtype == BFLOAT16:
        array = (array.astype("<u4") << 16).view("<f4")
    # A copy in the machine's own order: the model may write to it.
    return array.astype(array.dtype.newbyteorder("=")).reshape(shape)


def _filled(values: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    wanted = prod(shape)
    if wanted * values.itemsize > LARGEST:
        raise PayloadInvalid(f"the tftensor's shape {shape} takes more than {LARGEST} bytes")
    if len(values) > wanted or (wanted and not len(values)):
        raise PayloadInvalid(f"the tftensor has {len(values)} values, which do not fill shape {shape}")
    if len(values) < wanted:
        values = np.concatenate([values, np.full(wanted - len(values), values[-1], values.dtype)])
    return values


def _numbers(listed: Sequence[Any], kind: str) -> npt.NDArray[Any]:
    # Through a wider type: a field of integers may hold 255 for the int8 -1.
    wide = {"f": "<f8", "b": "?", "u": "<u8" if kind == "<u8" else "<i8"}.get(np.dtype(kind).kind, "<i8")
    with np.errstate(over="ignore"):
        return np.array(listed, wide).astype(kind)


def _halves(listed: Sequence[Any], kind: str) -> npt.NDArray[Any]:
    return np.array(listed, "<i8").astype("<u2").view(kind)


def _complex(listed: Sequence[Any], kind: str) -> npt.NDArray[Any]:
    parts = np.array(listed, "<f8")
    if len(parts) % 2:
        raise PayloadInvalid("a complex tftensor needs an even number of values")
    return (parts[::2] + 1j * parts[1::2]).astype(kind)


def _strings(listed: Sequence[Any], _: str) -> npt.NDArray[Any]:
    array = np.empty(len(listed), "O")
    array[:] = list(listed)
    return array


_READ: Mapping[int, Callable[[Sequence[Any], str], npt.NDArray[Any]]] = {
    STRING: _strings,
    8: _complex,
    BFLOAT16: _halves,
    18: _complex,
    19: _halves,
}


def _number(dtype: object) -> int:
    if isinstance(dtype, str) and not dtype.isdigit():
        if dtype not in NUMBERS:
            raise PayloadInvalid(f"data.tftensor has dtype {dtype}, which is none of {', '.join(NUMBERS)}")
        return NUMBERS[dtype]
    return int(dtype or 0)  # type: ignore[call-overload,no-any-return]  # what it is not, int() refuses


def _get(document: Mapping[str, Any], name: str) -> Any:
    """Return a field by the name that JSON has for it, tensorContent, or the .proto file, tensor_content."""
    first, *others = name.split("_")
    return document.get(first + "".join(word.capitalize() for word in others), document.get(name))


def _shape(document: Mapping[str, Any]) -> tuple[int, ...]:
    if _get(document, "unknown_rank"):
        raise PayloadInvalid("data.tftensor has no known shape")
    return tuple(int(dim.get("size", 0)) for dim in document.get("dim") or ())


def _element(dtype: int, item: Any) -> Any:
    if dtype == STRING:
        return _bytes(item)
    if dtype == 10:
        return bool(item)
    # Integers of 64 bits come as text, and so do NaN and Infinity.
    return float(item) if TYPES[dtype].field in _FLOATS else int(item)


_FLOATS = frozenset({"float_val", "double_val", "scomplex_val", "dcomplex_val"})


def _bytes(text: Any) -> bytes:
    standard = "".join(str(text).split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except binascii.Error as error:
        raise PayloadInvalid(f"data.tftensor is not base64: {error}") from error
