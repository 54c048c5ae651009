from __future__ import annotations

import threading
import time

import pytest
from seldon_builder.registry.parallel import Stopped, in_parallel


def test_results_come_in_the_order_of_the_items() -> None:
    def work(item: int, stop: threading.Event) -> int:
        time.sleep(0.01 * (5 - item))
        return item * item

    assert in_parallel(work, range(5), lambda: None) == [0, 1, 4, 9, 16]


def test_the_first_failure_stops_the_others() -> None:
    stopped = threading.Event()

    def work(item: int, stop: threading.Event) -> None:
        if item == 1:
            raise ValueError("one is no good")
        stop.wait(5)
        stopped.set()
        raise Stopped

    with pytest.raises(ValueError, match="no good"):
        in_parallel(work, range(9), lambda: None)
    assert stopped.is_set()


def test_an_interrupt_does_not_wait_for_the_work() -> None:
    release = threading.Event()

    def work(item: int, stop: threading.Event) -> None:
        release.wait(10)

    def interrupt() -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        in_parallel(work, range(4), interrupt)
    assert time.monotonic() - began < 2
    release.set()


def test_no_work_is_done_at_once() -> None:
    assert in_parallel(lambda item, _: item, list[int](), lambda: None) == []
