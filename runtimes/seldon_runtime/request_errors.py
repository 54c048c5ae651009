"""Errors that end one request; the server lives on.

Each front has a table from these classes to its own codes; ``str(error)`` is what the client reads.
"""

from __future__ import annotations


def words_of(error: BaseException) -> str:
    """Return what the author's exception says, nothing where it cannot."""
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - its __str__ is the author's code too
        return ""


class RequestError(Exception):
    """One request cannot be answered as asked."""


class PayloadInvalid(RequestError):
    """The request is not a message of the protocol."""


class AnswerInvalid(RequestError):
    """The model returned what no message can carry."""


class MetricInvalid(RequestError):
    """The model gave a metric that is none."""


class MetadataInvalid(RequestError):
    """What the model says of itself is no metadata."""


class MethodMissing(RequestError):
    """The model does not define what was asked of it."""


class ModelFailed(RequestError):
    """The model's own code raised; the cause is what it raised."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(words_of(error) or type(error).__name__)


class ModelRefused(RequestError):
    """The model refused the request by a SeldonMicroserviceException.

    ``status`` is the HTTP status that it named, ``reason`` the word for programs.
    """

    def __init__(self, message: str, status: int = 400, reason: str = "MICROSERVICE_BAD_DATA") -> None:
        super().__init__(message)
        self.status, self.reason = status, reason


class NotReady(RequestError):
    """The model is still being loaded."""

    def __init__(self) -> None:
        super().__init__("the model is being loaded; ask again soon")


class Overloaded(RequestError):
    """As many requests wait as may."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} requests wait already, the limit of SELDON_MAX_WAITING")


class DeadlineExceeded(RequestError):
    """The answer took longer than a request may take."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"there was no answer within {seconds:g} s, the limit of SELDON_TIMEOUT_SECONDS")


class BodyTooLarge(RequestError):
    """The request is larger than what the server takes in."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"the body is larger than {most} bytes, the limit of SELDON_MAX_BODY_BYTES")
