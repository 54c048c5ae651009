"""How the server tells what happens."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timezone
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from seldon_runtime.logs import ACCESS, access_logger, formatter
from seldon_runtime.settings import ServerSettings

from tests.served import serving

TEXT = ServerSettings("Model", Path())
JSON = ServerSettings("Model", Path(), log_json=True, access_log=True)


class Lines:
    """A logger of its own whose lines are kept."""

    def __init__(self, settings: ServerSettings, name: str = "model") -> None:
        self._stream = StringIO()
        self.logger = logging.Logger(name)
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(formatter(settings))
        self.logger.addHandler(handler)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def only(self) -> dict[str, Any]:
        (line,) = self.text.splitlines()
        found: dict[str, Any] = json.loads(line, parse_constant=pytest.fail)
        return found


@pytest.fixture
def lines() -> Lines:
    return Lines(JSON)


def test_a_line_says_when_how_bad_who_and_what(lines: Lines) -> None:
    lines.logger.warning("%d of %s", 3, "four\nlines")
    line = lines.only
    passed = datetime.now(timezone.utc) - datetime.fromisoformat(line.pop("time"))

    assert line == {"level": "WARNING", "logger": "model", "message": "3 of four\nlines"}
    assert 0 <= passed.total_seconds() < 5


def test_an_exception_keeps_its_traceback(lines: Lines) -> None:
    try:
        raise ValueError("of theirs")
    except ValueError:
        lines.logger.exception("It failed")

    assert lines.only["exception"].splitlines()[0] == "Traceback (most recent call last):"
    assert lines.only["exception"].endswith("ValueError: of theirs")


def test_what_is_given_as_extra_is_told_and_replaces_nothing(lines: Lines) -> None:
    lines.logger.info("x", extra={"rows": 3, "level": "none", "ratio": float("nan")})

    assert (lines.only["rows"], lines.only["level"], lines.only["ratio"]) == (3, "INFO", "nan")


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError


Endless: list[object] = []
Endless.append(Endless)


@pytest.mark.parametrize(
    "value", [Odd(), Endless, {(1, 2): 3}, b"\xff", "\ud800", {"a": Odd()}, 1j, float("inf")]
)
def test_whatever_is_logged_becomes_a_line(lines: Lines, value: object) -> None:
    lines.logger.error("%s", value, extra={"value": value})

    assert lines.only["level"] == "ERROR"
    assert isinstance(lines.only["value"], str)


@pytest.mark.parametrize(("message", "arguments"), [("%d", ("x",)), ("%s %s", (1,)), (Odd(), ())])
def test_arguments_that_do_not_fit_lose_no_line(
    lines: Lines, message: object, arguments: tuple[object, ...]
) -> None:
    lines.logger.error(message, *arguments)

    assert "in its arguments" in lines.only["message"]


def test_text_is_one_line_for_people() -> None:
    lines = Lines(TEXT)
    lines.logger.info("hello")

    assert lines.text.endswith(" INFO model: hello\n")


def test_nothing_is_there_to_tell_accesses_unless_they_are_wanted() -> None:
    assert access_logger(TEXT) is None


@pytest.fixture
def accesses() -> Iterator[Lines]:
    """What the access logger says."""
    lines, logger = Lines(JSON), logging.getLogger(ACCESS)
    logger.addHandler(lines.logger.handlers[0])
    yield lines
    logger.removeHandler(lines.logger.handlers[0])


def test_an_access_says_who_asked_what_and_how_it_went(accesses: Lines) -> None:
    access = access_logger(JSON)
    assert access
    access("POST", "/predict\n\x1b[1m", 200, 0.0012345, 42)
    line = accesses.only

    assert [line[name] for name in ("method", "path", "status", "ms", "bytes")] == [
        "POST",
        r"/predict\n\x1b[1m",
        200,
        1.234,
        42,
    ]
    assert line["message"] == r"POST /predict\n\x1b[1m 200 1.234 ms 42 bytes"


def test_accesses_are_told_though_other_news_are_silenced(accesses: Lines) -> None:
    logging.getLogger(ACCESS).setLevel(logging.CRITICAL)
    access = access_logger(ServerSettings("Model", Path(), log_level="ERROR", access_log=True))
    assert access
    access("POST", "/seldon.protos.Model/Predict", "OK", 1, 1)

    assert accesses.only["status"] == "OK"


MODEL = """
import logging, threading, warnings

def fail():
    raise ValueError("of a thread")

class Model:
    def predict(self, X):
        if isinstance(X, str):
            return {1}
        logging.getLogger("mine").info("seen %s", X.tolist(), extra={"rows": len(X)})
        warnings.warn("old")
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        return X
"""


@pytest.fixture
def said(tmp_path: Path) -> list[dict[str, Any]]:
    """What a server and its model log as JSON."""
    with serving(tmp_path, MODEL, {"SELDON_LOG_FORMAT": "json"}) as server:
        server.ask({"data": {"ndarray": [[1]]}})
        server.ask({"strData": "a set"})
        server.stop()
        output = server.process.stdout.read() if server.process.stdout else ""
    return [json.loads(line) for line in output.splitlines()]


def test_what_a_model_logs_comes_as_json(said: list[dict[str, Any]]) -> None:
    assert [line["rows"] for line in said if line["logger"] == "mine"] == [1]


def test_warnings_are_lines_too(said: list[dict[str, Any]]) -> None:
    assert [line["message"].split(": ")[1] for line in said if line["logger"] == "py.warnings"] == [
        "UserWarning"
    ]


def test_the_end_of_a_thread_is_a_line_too(said: list[dict[str, Any]]) -> None:
    ended = [line["exception"] for line in said if "exception" in line]

    assert [trace.splitlines()[-1] for trace in ended] == ["ValueError: of a thread"]


def test_an_answer_that_no_message_can_carry_is_told_to_who_can_mend_it(said: list[dict[str, Any]]) -> None:
    start = "An answer cannot be sent: the model returned set; it must return"

    assert [line["level"] for line in said if line["message"].startswith(start)] == ["ERROR"]
