"""The border to the author's code: what it raises becomes an error of the request."""

from __future__ import annotations

import asyncio
from types import TracebackType

from ..request_errors import ModelFailed, ModelRefused, RequestError


class _AuthorsCode:
    """Turns whatever the author's code raises into a RequestError; sys.exit() must not end the server."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A coroutine that is cancelled or dropped hears so by an exception that is not the model's.
        if error is None or isinstance(error, (RequestError, asyncio.CancelledError, GeneratorExit)):
            return
        raise _told(error) from error


def _told(error: BaseException) -> RequestError:
    if not _is_a(error, "SeldonMicroserviceException"):
        return ModelFailed(error)
    message = str(getattr(error, "message", "") or error)
    status, reason = getattr(error, "status_code", 400), getattr(error, "reason", "MICROSERVICE_BAD_DATA")
    # What cannot be an HTTP status is the author's slip: the client still learns that it was refused.
    usable = isinstance(status, int) and 200 <= status <= 599
    return ModelRefused(message, status if usable else 400, str(reason))


def _is_a(error: BaseException, name: str) -> bool:
    # By name: it is seldon-core's where that is installed, and our shim's elsewhere.
    return any(kind.__name__ == name for kind in type(error).__mro__)


def means_not_implemented(error: BaseException) -> bool:
    """Tell whether the author says by ``error`` that there is no such method."""
    return isinstance(error, NotImplementedError) or _is_a(error, "SeldonNotImplementedError")


AUTHORS_CODE = _AuthorsCode()
