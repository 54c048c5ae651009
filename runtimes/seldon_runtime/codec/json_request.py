"""A request that came as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..message import Feedback, Kind, Message
from ..request_errors import PayloadInvalid
from .json_codec import decode, meta_of

FEEDBACK_KEYS = frozenset({"request", "response", "reward", "truth"})


class JsonRequest:
    """A parsed JSON document, decoded as far as the component asks for (message.Request)."""

    is_protobuf = False
    __slots__ = ("_document",)

    def __init__(self, document: object) -> None:
        self._document = document

    def message(self) -> Message:
        """Decode a SeldonMessage, or a body with inputs or instances."""
        return decode(self._document)

    def messages(self) -> Sequence[Message]:
        """Decode a SeldonMessageList, or a bare list of messages."""
        document = self._document
        listed = document.get("seldonMessages") if isinstance(document, dict) else document
        if not isinstance(listed, list):
            raise PayloadInvalid("the body must be a list of messages, or an object with seldonMessages")
        return [decode(message) for message in listed]

    def feedback(self) -> Feedback:
        """Decode a Feedback."""
        document = self._document
        if not isinstance(document, dict):
            raise PayloadInvalid("the body must be a JSON object, a Feedback")
        if unknown := document.keys() - FEEDBACK_KEYS:
            raise PayloadInvalid(
                f"a Feedback holds {', '.join(sorted(FEEDBACK_KEYS))}, not {', '.join(sorted(unknown))}"
            )
        reward = document.get("reward") or 0.0
        if isinstance(reward, bool) or not isinstance(reward, (int, float)):
            raise PayloadInvalid("reward must be a number")
        response = _object(document, "response")
        return Feedback(
            _said(_object(document, "request")),
            _said(_object(document, "truth")),
            _float(reward),
            _object(meta_of(response) or {}, "routing"),
        )

    def raw(self, wanted: type | None = None) -> object:
        """Return the document, as protobuf where ``wanted`` is a class of protobuf messages."""
        if wanted is None:
            return self._document
        from ..proto.messages import from_json

        document: Any = self._document
        if isinstance(document, list):  # aggregate takes a bare list of messages too
            document = {"seldonMessages": document}
        return from_json(wanted, document)


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError as error:  # beside a NaN, integers are read whatever their length
        raise PayloadInvalid("reward is larger than any float") from error


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise PayloadInvalid(f"{name} must be an object")
    return found


def _said(document: Mapping[str, Any]) -> Message:
    """Decode what a feedback quotes: numbers as float64, nothing where it was not written as data."""
    if document.get("data") is None:
        return Message(np.array([]), Kind.NOTHING, [], meta_of(document))
    message = decode(document)
    array: Any = message.payload
    # As protobuf has them, in which feedback was always read: there are no whole numbers.
    floats = array.astype(np.float64) if array.dtype.kind in "iub" else array
    return Message(floats, message.kind, message.names, message.meta)
