"""The author's own answers to exceptions: ``model_error_handler``, a Flask blueprint."""

from __future__ import annotations

import logging
from typing import Any

from ..errors import ModelStartFailed
from .replies import Reply
from .server import Scope

NAME = "model_error_handler"
logger = logging.getLogger(__name__)


class ErrorReplies:
    """Asks the handlers of a blueprint, which a Flask application that serves nothing holds."""

    def __init__(self, blueprint: Any) -> None:
        import flask

        self._flask = flask.Flask("model", static_folder=None)
        self._flask.register_blueprint(blueprint)

    def reply(self, error: BaseException, scope: Scope, body: bytes) -> Reply | None:
        """Return what the author's handler answers; None where no handler is for ``error``."""
        if not isinstance(error, Exception):
            return None
        with self._flask.test_request_context(
            scope["path"],
            method=scope["method"],
            query_string=scope["query_string"].decode("latin-1"),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
            data=body,
        ):
            try:
                # Inside of an except clause, as older versions of Flask ask for.
                raise error
            except Exception as raised:  # noqa: BLE001 - that very exception
                return self._handled(raised)

    def _handled(self, error: Exception) -> Reply | None:
        try:
            answer: Any = self._flask.make_response(self._flask.handle_user_exception(error))
        except Exception as raised:
            if raised is not error:
                logger.exception("A handler of %s failed", NAME)
            return None
        if not 200 <= answer.status_code <= 599:
            logger.error(
                "A handler of %s answered with status %d, which no answer has", NAME, answer.status_code
            )
            return None
        skipped = ("content-type", "content-length", "connection", "transfer-encoding")
        headers = tuple(
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in answer.headers
            if name.lower() not in skipped
        )
        kind = answer.headers.get("content-type", "application/octet-stream").encode("latin-1")
        return Reply(answer.get_data(), answer.status_code, kind, headers)


def error_replies(user: object, model_name: str) -> ErrorReplies | None:
    """Return the author's handlers, None where there are none; ModelStartFailed."""
    blueprint = getattr(user, NAME, None)
    if blueprint is None or not hasattr(blueprint, "app_errorhandler"):
        return None
    try:
        return ErrorReplies(blueprint)
    except Exception as error:
        raise ModelStartFailed(model_name, NAME, error) from error
