"""What workers count together: it only grows, whoever of them dies."""

from __future__ import annotations

import http.client
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runtime.workers import TWO, load, until_both_answer, workers_of, working
from tests.served import Server, until

COUNTING = """
import os

class Model:
    def predict(self, X):
        return [os.getpid()]

    def metrics(self):
        return [{"type": "COUNTER", "key": "asked", "value": 1}]
"""
ASKED = re.compile(r'^asked_total\{.*method="predict".*\} ([0-9.e+]+)$', re.M)


def asked(server: Server) -> int | None:
    """Return the counter as a scrape finds it, None where the connection broke."""
    connection = http.client.HTTPConnection("127.0.0.1", server.metrics_port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        found = ASKED.search(connection.getresponse().read().decode())
        return int(float(found[1])) if found else 0
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def kill_one(server: Server) -> None:
    os.kill(workers_of(server)[-1], signal.SIGKILL)


def reload_all(server: Server) -> None:
    server.process.send_signal(signal.SIGHUP)


@pytest.mark.parametrize("disturb", [kill_one, reload_all])
def test_counters_never_go_back(tmp_path: Path, disturb: Callable[[Server], None]) -> None:
    scrapes: list[int | None] = []
    with working(tmp_path, COUNTING) as server:
        until_both_answer(server)
        ending = threading.Event()

        def scrape() -> None:
            while not ending.is_set():
                scrapes.append(asked(server))
                time.sleep(0.01)

        scraper = threading.Thread(target=scrape)
        scraper.start()
        with load(server, clients=2, keep_alive=False) as clients:
            for _ in range(2):
                before = set(workers_of(server))
                disturb(server)
                until(lambda: len(workers_of(server)) == 2 and set(workers_of(server)) != before)  # noqa: B023 - asked at once
                time.sleep(0.3)
        ending.set()
        scraper.join()
        answered, counted = sum(clients.answers.values()), asked(server)
    found = [scrape for scrape in scrapes if scrape is not None]

    assert found == sorted(found)
    assert len(found) > 20
    assert counted is not None
    assert counted >= answered


def test_one_scrape_tells_what_both_workers_counted(tmp_path: Path) -> None:
    with working(tmp_path, COUNTING, TWO) as server:
        with load(server, clients=2, keep_alive=False) as clients:
            until(lambda: len(clients.answers) == 2)
        answered = sum(clients.answers.values())

        assert {asked(server) for _ in range(8)} == {answered}
