"""Which status of gRPC tells which error."""

from __future__ import annotations

from collections.abc import Mapping

from grpc import StatusCode

from ..logs import log_fault
from ..request_errors import (
    AnswerInvalid,
    BodyTooLarge,
    DeadlineExceeded,
    MethodMissing,
    ModelFailed,
    ModelRefused,
    NotReady,
    Overloaded,
    PayloadInvalid,
    RequestError,
)

STATUS: Mapping[type[RequestError], StatusCode] = {
    PayloadInvalid: StatusCode.INVALID_ARGUMENT,
    AnswerInvalid: StatusCode.INTERNAL,
    MethodMissing: StatusCode.UNIMPLEMENTED,
    BodyTooLarge: StatusCode.RESOURCE_EXHAUSTED,
    ModelFailed: StatusCode.INTERNAL,
    NotReady: StatusCode.UNAVAILABLE,
    Overloaded: StatusCode.RESOURCE_EXHAUSTED,
    DeadlineExceeded: StatusCode.DEADLINE_EXCEEDED,
    # What a plugin raises that is none of these, and what the model says of itself wrongly.
    RequestError: StatusCode.INTERNAL,
}
# What a model means that refuses a request with a status of HTTP.
REFUSALS: Mapping[int, StatusCode] = {
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    408: StatusCode.DEADLINE_EXCEEDED,
    409: StatusCode.ABORTED,
    412: StatusCode.FAILED_PRECONDITION,
    413: StatusCode.RESOURCE_EXHAUSTED,
    416: StatusCode.OUT_OF_RANGE,
    429: StatusCode.RESOURCE_EXHAUSTED,
    499: StatusCode.CANCELLED,
    501: StatusCode.UNIMPLEMENTED,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}
# Details travel in a header, where a byte may take three; clients take headers of 8 kB.
LONGEST_DETAILS = 2048


def status_of(error: RequestError) -> StatusCode:
    """Return the status that tells ``error``."""
    if isinstance(error, ModelRefused):
        return REFUSALS.get(error.status) or _by_class(error.status)
    return next(STATUS[cause] for cause in type(error).__mro__ if cause in STATUS)


def _by_class(status: int) -> StatusCode:
    if 400 <= status < 500:
        return StatusCode.INVALID_ARGUMENT
    return StatusCode.INTERNAL if status >= 500 else StatusCode.UNKNOWN


def told(error: Exception) -> tuple[StatusCode, str]:
    """Return status and details for the client, and log what is not the client's to mend."""
    log_fault(error)
    if not isinstance(error, RequestError):
        return StatusCode.INTERNAL, "internal error"
    # A message may have half of a surrogate pair, which no header can.
    details = str(error).encode("utf-8", "replace")
    return status_of(error), details[:LONGEST_DETAILS].decode("utf-8", "ignore")
