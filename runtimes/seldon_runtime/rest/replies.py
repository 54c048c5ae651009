"""What goes back over HTTP, and which status tells which error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from ..logs import log_fault
from ..request_errors import (
    AnswerInvalid,
    BodyTooLarge,
    DeadlineExceeded,
    MetadataInvalid,
    MethodMissing,
    MetricInvalid,
    ModelFailed,
    ModelRefused,
    NotReady,
    Overloaded,
    PayloadInvalid,
    RequestError,
)
from .paths import PathUnknown, VerbRefused

Headers = tuple[tuple[bytes, bytes], ...]

JSON, TEXT = b"application/json", b"text/html; charset=utf-8"
BAD_DATA, INTERNAL = "MICROSERVICE_BAD_DATA", "MICROSERVICE_INTERNAL_ERROR"
STATUS: Mapping[type[RequestError], tuple[int, str]] = {
    PayloadInvalid: (400, BAD_DATA),
    AnswerInvalid: (400, BAD_DATA),
    MethodMissing: (400, BAD_DATA),
    PathUnknown: (404, "NOT_FOUND"),
    VerbRefused: (405, "METHOD_NOT_ALLOWED"),
    BodyTooLarge: (413, "PAYLOAD_TOO_LARGE"),
    MetricInvalid: (500, "MICROSERVICE_BAD_METRIC"),
    MetadataInvalid: (500, "MICROSERVICE_BAD_METADATA"),
    ModelFailed: (500, INTERNAL),
    NotReady: (503, "NOT_READY"),
    Overloaded: (503, "OVERLOADED"),
    DeadlineExceeded: (504, "DEADLINE_EXCEEDED"),
    # What a plugin raises that is none of these.
    RequestError: (500, INTERNAL),
}
RETRY_AFTER: Headers = ((b"retry-after", b"1"),)
# Answers of these have no body, whatever the model wrote.
BODILESS = frozenset({204, 205, 304})


class Reply(NamedTuple):
    """What goes back over HTTP."""

    body: bytes
    status: int = 200
    content_type: bytes = JSON
    headers: Headers = ()


def refusal(error: RequestError) -> Reply:
    """Return the reply that tells ``error`` in Seldon's words, and log what is not the client's to mend."""
    if isinstance(error, ModelRefused):
        return told(error.status, error.reason, str(error))
    log_fault(error)
    status, reason = next(STATUS[cause] for cause in type(error).__mro__ if cause in STATUS)
    return told(status, reason, str(error), _headers(error, status))


def _headers(error: RequestError, status: int) -> Headers:
    if isinstance(error, VerbRefused):
        return ((b"allow", ", ".join(error.allowed).encode()),)
    return RETRY_AFTER if status == 503 else ()


def bug(error: BaseException) -> Reply:
    """Return the reply for what should never happen, and log it."""
    log_fault(error)
    return told(500, INTERNAL, "internal error")


def told(status: int, reason: str, info: str, headers: Headers = ()) -> Reply:
    """Return a reply in the form that Seldon's errors have."""
    document = {"status": {"code": -1, "info": info, "reason": reason, "status": 1}}
    try:
        body = orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a message with half of a surrogate pair
        return told(status, _encodable(reason), _encodable(info), headers)
    return Reply(body, status, headers=headers)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def status_in(document: object) -> int:
    """Return the HTTP status that a document of a raw method asks for: its status.code, 200 without."""
    said = document.get("status") if isinstance(document, Mapping) else getattr(document, "status", None)
    code = said.get("code") if isinstance(said, Mapping) else getattr(said, "code", None)
    return code if isinstance(code, int) and 200 <= code <= 599 else 200
