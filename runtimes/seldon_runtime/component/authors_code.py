"""The border to the author's code: what it raises becomes an error of the request."""

from __future__ import annotations

from ..request_errors import MethodMissing, ModelFailed, ModelRefused, RequestError, words_of


def told(error: BaseException) -> RequestError:
    """Return what a client hears of ``error``, which the author's code raised; sys.exit() included."""
    if means_not_implemented(error):
        return MethodMissing(_message(error))
    if not _is_a(error, "SeldonMicroserviceException"):
        return ModelFailed(error)
    status, reason = getattr(error, "status_code", 400), getattr(error, "reason", "MICROSERVICE_BAD_DATA")
    # What cannot be an HTTP status is the author's slip: the client still learns that it was refused.
    usable = isinstance(status, int) and 200 <= status <= 599
    return ModelRefused(_message(error), int(status) if usable else 400, str(reason))


def means_not_implemented(error: BaseException) -> bool:
    """Tell whether the author says by ``error`` that there is no such method.

    Python's own NotImplementedError says no such thing: torch raises it where a device lacks an operation.
    """
    return _is_a(error, "SeldonNotImplementedError")


def _message(error: BaseException) -> str:
    said = getattr(error, "message", "")
    return (said if isinstance(said, str) else "") or words_of(error) or type(error).__name__


def _is_a(error: BaseException, name: str) -> bool:
    # By name: it is seldon-core's where that is installed, and our shim's elsewhere.
    return any(kind.__name__ == name for kind in type(error).__mro__)
