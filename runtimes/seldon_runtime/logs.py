"""How the server tells what happens: lines of text, or JSON objects."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from types import TracebackType
from typing import TypeAlias

from .request_errors import AnswerInvalid, MetricInvalid, ModelFailed, RequestError
from .settings import ServerSettings

TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
ACCESS = "seldon_runtime.access"
# What every record has; whatever else it carries was given as ``extra``.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_OURS = frozenset({"time", "level", "logger", "message", "exception", "stack"})

# Tells one answer: method (POST), path, status (200, or OK of gRPC), seconds taken, bytes of the answer.
Access: TypeAlias = Callable[[str, str, "int | str", float, int], None]


def configure_logs(settings: ServerSettings) -> None:
    """Send what is logged, the model's own logs included, to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(settings))
    logging.basicConfig(level=settings.log_level, handlers=[handler])
    if settings.log_json:
        # Warnings and the ends of threads are lines for people otherwise, between the objects.
        logging.captureWarnings(capture=True)
        sys.excepthook = _log_uncaught
        threading.excepthook = _log_end_of_thread


def formatter(settings: ServerSettings) -> logging.Formatter:
    """Return how a line is written: for servers that bring loggers with handlers of their own."""
    return JsonLines() if settings.log_json else logging.Formatter(TEXT_FORMAT)


def access_logger(settings: ServerSettings) -> Access | None:
    """Return what tells each answer, None where nobody wants to know."""
    if not settings.access_log:
        return None
    logger = logging.getLogger(ACCESS)
    # Who asks for these lines wants them whatever else is silenced.
    logger.setLevel(logging.INFO)

    def access(method: str, path: str, status: int | str, seconds: float, size: int) -> None:
        """Tell one answer; never the query, which may hold the request itself."""
        path = path if path.isprintable() else ascii(path)[1:-1]
        milliseconds = round(seconds * 1000, 3)
        logger.info(
            "%s %s %s %.3f ms %d bytes",
            method,
            path,
            status,
            milliseconds,
            size,
            extra={"method": method, "path": path, "status": status, "ms": milliseconds, "bytes": size},
        )

    return access


def log_fault(error: BaseException) -> None:
    """Log an error that is not the client's to mend: what the model did wrong, or this server."""
    logger = logging.getLogger("seldon_runtime")
    if not isinstance(error, RequestError):
        logger.error("This is a bug of the server", exc_info=error)
    elif isinstance(error, ModelFailed):
        logger.error("The model raised", exc_info=error.__cause__)
    elif isinstance(error, (AnswerInvalid, MetricInvalid)):
        # It raised nothing; whoever mends it reads the log, not the client's answer.
        logger.error("An answer cannot be sent: %s", error)


class JsonLines(logging.Formatter):
    """Writes a record as one JSON object; whatever it carries, it is written."""

    def format(self, record: logging.LogRecord) -> str:
        """Return ``record`` on one line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="microseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = _written(lambda: self.formatException(record.exc_info))  # type: ignore[arg-type]  # None is excluded
        elif record.exc_text:
            line["exception"] = record.exc_text
        if record.stack_info:
            line["stack"] = record.stack_info
        extra = {name: value for name, value in vars(record).items() if name not in _USUAL | _OURS}
        fields = (f"{_json(name)}: {_json(value)}" for name, value in {**line, **extra}.items())
        return "{" + ", ".join(fields) + "}"


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - the author's arguments do not fit, or cannot be written
        return f"{_written(lambda: str(record.msg))} ({type(error).__name__} in its arguments)"


def _json(value: object) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except Exception:  # noqa: BLE001 - any object may be logged
        return json.dumps(_written(lambda: repr(value)))


def _written(write: Callable[[], str]) -> str:
    try:
        return str(write())
    except Exception as error:  # noqa: BLE001 - the author's repr may raise anything
        return f"not writable: {type(error).__name__}"


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("seldon_runtime").critical("The process ends", exc_info=(kind, error, trace))


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is None or issubclass(ended.exc_type, SystemExit):
        return
    name = ended.thread.name if ended.thread else "?"
    trace = (ended.exc_type, ended.exc_value, ended.exc_traceback)
    logging.getLogger("seldon_runtime").error("The thread %s ended", name, exc_info=trace)
