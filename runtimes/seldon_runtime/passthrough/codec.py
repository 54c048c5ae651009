"""Bodies handed over as they came, and answers sent as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import orjson

from ..message import Answer, Feedback, Kind, Message
from ..request_errors import AnswerInvalid, PayloadInvalid

BINARY, JSON, GRPC = "application/octet-stream", "application/json", "application/grpc"
OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


class BytesRequest:
    """A request that nobody decodes (message.Request)."""

    def __init__(self, body: bytes, content_type: str) -> None:
        self._body = body
        self.is_protobuf = content_type == GRPC

    def message(self) -> Message:
        """Return the bytes, without names and with an empty meta."""
        return Message(self._body, Kind.BYTES, [], {})

    def raw(self, wanted: type | None = None) -> object:  # noqa: ARG002 - the bytes, whatever the annotation says
        """Return the bytes."""
        return self._body

    def messages(self) -> Sequence[Message]:
        """Refuse: predict alone is passed through."""
        return _refuse()

    def feedback(self) -> Feedback:
        """Refuse: predict alone is passed through."""
        return _refuse()


def _refuse() -> NoReturn:
    raise PayloadInvalid("only predict takes a body that is passed through")


class Passthrough:
    """Reads nothing and writes bytes (runtime.Codec)."""

    def request(self, body: bytes, content_type: str) -> BytesRequest:
        """Wrap ``body``."""
        return BytesRequest(body, content_type)

    def encode(self, answer: Answer, content_type: str) -> tuple[bytes, str]:
        """Return bytes and text as they are, of the request's content type; a dict or list as JSON."""
        payload, kind = answer.payload, content_type or BINARY
        if isinstance(payload, bytes):
            return payload, kind
        if isinstance(payload, (bytearray, memoryview)):
            return bytes(payload), kind
        if isinstance(payload, str):
            return _text(payload), kind
        if isinstance(payload, (dict, list)):
            return _json(payload), JSON
        raise AnswerInvalid(
            f"the model returned {type(payload).__name__}; with PAYLOAD_PASSTHROUGH it must return bytes "
            "or a str, which are sent as they are, or a dict or list, which are sent as JSON"
        )


def _text(payload: str) -> bytes:
    try:
        return payload.encode()
    except UnicodeEncodeError as error:
        raise AnswerInvalid(f"the model returned a str that is not UTF-8: {error}") from error


def _json(payload: object) -> bytes:
    try:
        return orjson.dumps(payload, option=OPTIONS)
    except TypeError as error:
        raise AnswerInvalid(f"the answer does not fit into JSON: {error}") from error
