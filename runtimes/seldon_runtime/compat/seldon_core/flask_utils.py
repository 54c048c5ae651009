"""The exception by which a model refuses a request; Flask itself has no part in it."""

from __future__ import annotations


class SeldonMicroserviceException(Exception):
    """Refuse a request: ``message`` goes to the client, ``status_code`` is the HTTP status."""

    status_code = 400

    def __init__(
        self,
        message: str,
        status_code: int | None = None,
        payload: object = None,
        reason: str = "MICROSERVICE_BAD_DATA",
    ) -> None:
        super().__init__(message)
        self.message, self.payload, self.reason = message, payload, reason
        if status_code is not None:
            self.status_code = status_code

    def to_dict(self) -> dict[str, object]:
        """Return the body that a client reads."""
        return {"status": {"status": 1, "info": self.message, "code": -1, "reason": self.reason}}
