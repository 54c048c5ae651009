"""What a person sees."""

from __future__ import annotations

import io
import time

import pytest
from seldon_builder.events import Event, EventKind, decision, progress, warning
from seldon_builder.progress import Progress, bytes_text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (5_000_000_000, "5.0 GB")],
)
def test_bytes_are_written_for_people(count: int, text: str) -> None:
    assert bytes_text(count) == text


def test_plain_lines_carry_no_control_characters() -> None:
    stream = io.StringIO()
    show = Progress(stream, terminal=False)

    show(decision("lock", "Locked 3 distributions"))
    show(progress("fetch", "Fetching", 1000, 2000))
    show.done()

    assert stream.getvalue().startswith(
        "lock      Locked 3 distributions\nfetch     Fetching 1.0 kB of 2.0 kB ["
    )
    assert "\x1b" not in stream.getvalue()


def test_nothing_of_much_is_a_number_too() -> None:
    stream = io.StringIO()
    show = Progress(stream, terminal=False)

    show(progress("write", "Writing 2 files", 0, 2000))
    show.done()

    assert stream.getvalue().startswith("write     Writing 2 files 0 B of 2.0 kB [")


@pytest.mark.parametrize("terminal", [True, False])
def test_what_strangers_write_steers_no_terminal(terminal: bool) -> None:
    stream = io.StringIO()
    show = Progress(stream, terminal=terminal)

    show(warning("lock", "\x1b[2Jname\x9b31m\u202egnp\rover\b\x07"))
    show(progress("lock", "Building \x1b]0;title\x07"))
    time.sleep(0.4 if terminal else 0)
    show(decision("lock", "x" * 100_000))
    show.done()

    first, *_, last = stream.getvalue().rstrip("\x1b[K\r").split("\n")[:-1]
    assert first == r"warning: \x1b[2Jname\x9b31m\u202egnp\rover\x08\x07"
    assert r"Building \x1b]0;title\x07" in stream.getvalue()
    assert len(last) < 3000


def test_a_terminals_clock_goes_on_between_events() -> None:
    stream = io.StringIO()
    show = Progress(stream, terminal=True)

    show(progress("base", "Making the base"))
    time.sleep(0.9)
    show.done()

    assert stream.getvalue().count("base      Making the base [") >= 3
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_plain_log_goes_on_while_something_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seldon_builder.progress._PLAIN_HEARTBEAT", 0.3)
    stream = io.StringIO()
    show = Progress(stream, terminal=False)

    show(progress("lock", "Resolving"))
    time.sleep(1)
    show.done()

    assert stream.getvalue().count("lock      Resolving [") >= 2


def test_a_moving_line_is_cleared_before_a_line_that_stays() -> None:
    stream = io.StringIO()
    show = Progress(stream, terminal=True)

    show(progress("fetch", "Fetching"))
    time.sleep(0.4)
    show(Event(EventKind.BEGAN, "layers", "Packing"))
    show.done()

    assert "\r\x1b[Klayers    Packing\n" in stream.getvalue()


def test_quiet_shows_warnings_alone() -> None:
    stream = io.StringIO()
    show = Progress(stream, terminal=False, quiet=True)

    for event in (decision("lock", "locked"), progress("fetch", "fetching"), warning("app", "look at this")):
        show(event)

    assert stream.getvalue() == "warning: look at this\n"
