"""Small answers, written together at the end of a turn of the loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast

from seldon_runtime.rest.outbox import LONGEST_WAIT, UNHELD, Outbox


class Wire:
    """A transport that remembers what was written to it."""

    def __init__(self, written: list[bytes]) -> None:
        self._written = written

    def write(self, data: bytes) -> None:
        self._written.append(data)


def in_a_loop(act: Callable[[Outbox, Any, list[bytes]], None]) -> tuple[list[bytes], list[bytes]]:
    """Return what was written within the turn of ``act``, and what after it."""

    async def whole() -> tuple[list[bytes], list[bytes]]:
        written: list[bytes] = []
        act(Outbox(), cast("asyncio.Transport", Wire(written)), written)
        within = list(written)
        await asyncio.sleep(0.01)
        return within, written[len(within) :]

    return asyncio.run(whole())


def test_quick_answers_of_one_turn_are_written_at_its_end_in_their_order() -> None:
    def act(outbox: Outbox, wire: Any, _: list[bytes]) -> None:
        for number in range(3):
            outbox.put(wire, b"%d" % number)

    assert in_a_loop(act) == ([], [b"0", b"1", b"2"])


def test_an_answer_does_not_wait_for_slow_neighbours_and_the_next_ones_not_at_all() -> None:
    def act(outbox: Outbox, wire: Any, written: list[bytes]) -> None:
        outbox.put(wire, b"first")
        time.sleep(LONGEST_WAIT * 5)
        outbox.put(wire, b"second")
        for _ in range(UNHELD):
            outbox.put(wire, b"next")

    within, after = in_a_loop(act)

    assert (within[:2], within.count(b"next"), after) == ([b"first", b"second"], UNHELD, [])


def test_what_is_flushed_is_written_once() -> None:
    def act(outbox: Outbox, wire: Any, _: list[bytes]) -> None:
        outbox.put(wire, b"only")
        outbox.flush()

    assert in_a_loop(act) == ([b"only"], [])
