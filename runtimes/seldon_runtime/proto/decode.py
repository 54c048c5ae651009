"""Seldon messages as protobuf: bytes to a Message."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..codec.arrays import array_of, shaped
from ..message import Feedback, Kind, Message
from ..request_errors import PayloadInvalid
from . import scan
from .messages import FEEDBACK, META, SELDON_MESSAGE, SELDON_MESSAGE_LIST, metrics_in, parsed, shortest
from .number_list import array_in
from .values import items_of, read


def decode(body: bytes) -> Message:
    """Read a SeldonMessage."""
    try:
        found = scan.data_in(body)
        payload = found and _numbers(body, found)
    except (IndexError, UnicodeDecodeError):
        found = payload = None
    if found is None or payload is None:
        return decoded(parsed(SELDON_MESSAGE, body))
    kind = Kind.TENSOR if found.tensor else Kind.NDARRAY
    start, end = found.meta
    meta = meta_of(parsed(META, body[start:end])) if end > start else {}
    return Message(payload, kind, found.names, meta)


def _numbers(body: bytes, found: scan.Data) -> npt.NDArray[np.float64] | None:
    if not found.tensor:
        return array_in(body, *found.payload)
    tensor = scan.tensor_in(body, *found.payload)
    if tensor is None:
        return None
    shape, start, count = tensor
    # A copy: it is aligned, and the model may write to it.
    values = np.array(np.frombuffer(body, "<f8", count, start), np.float64) if count else np.array([])
    return shaped(values, shape)


def decoded(message: Any) -> Message:
    """Read a SeldonMessage that is an object already."""
    kind, meta = message.WhichOneof("data_oneof"), meta_of(message.meta)
    if kind == "data":
        return _data(message.data, meta)
    if kind is None:
        raise PayloadInvalid("the message holds none of data, jsonData, strData, binData, customData")
    payload = getattr(message, kind)
    return Message(read(payload) if kind == "jsonData" else payload, Kind(kind), [], meta)


def _data(data: Any, meta: dict[str, Any]) -> Message:
    names, kind = list(data.names), data.WhichOneof("data_oneof")
    if kind == "tensor":
        values = np.fromiter(data.tensor.values, np.float64, len(data.tensor.values))
        return Message(shaped(values, tuple(data.tensor.shape)), Kind.TENSOR, names, meta)
    if kind == "tftensor":
        from ..codec.tftensor import array_from_message

        return Message(array_from_message(data.tftensor), Kind.TFTENSOR, names, meta)
    return Message(array_of(items_of(data.ndarray)), Kind.NDARRAY, names, meta)


def meta_of(meta: Any) -> dict[str, Any]:
    """Read a Meta message: what is set of it, as JSON has it."""
    found: dict[str, Any] = {}
    if meta.puid:
        found["puid"] = meta.puid
    if meta.tags:
        found["tags"] = {key: read(value) for key, value in meta.tags.items()}
    if meta.routing:
        found["routing"] = dict(meta.routing)
    if meta.requestPath:
        found["requestPath"] = dict(meta.requestPath)
    if meta.metrics:
        found["metrics"] = metrics_in(meta)
    return found


def decode_list(body: bytes) -> list[Message]:
    """Read a SeldonMessageList."""
    messages: Any = parsed(SELDON_MESSAGE_LIST, body)
    # Written again, as reading numbers from bytes is so much faster than from objects.
    return [decode(message.SerializeToString()) for message in messages.seldonMessages]


def decode_feedback(body: bytes) -> Feedback:
    """Read a Feedback."""
    feedback: Any = parsed(FEEDBACK, body)
    routing = dict(feedback.response.meta.routing)
    return Feedback(_said(feedback.request), _said(feedback.truth), shortest(feedback.reward), routing)


def _said(message: Any) -> Message:
    """Read one side of a feedback: float64 numbers, none where ``data`` was not how it was written."""
    if not message.HasField("data"):
        return Message(np.array([]), Kind.NOTHING, [], meta_of(message.meta))
    found = decode(message.SerializeToString())
    try:
        payload = np.asarray(found.payload, np.float64)
    except (TypeError, ValueError) as error:
        raise PayloadInvalid("features and truth of a feedback must be numbers") from error
    return Message(payload, found.kind, found.names, found.meta)
