"""Signals faster than models load."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from tests.runtime.workers import TWO, who, workers_of, working
from tests.served import until


def test_a_storm_of_sighup_does_not_load_a_model_for_each(tmp_path: Path) -> None:
    with working(tmp_path, variables={**TWO, "LOAD_SECONDS": "1.5"}) as server:
        before, most = set(workers_of(server)), 0
        for _ in range(8):
            server.process.send_signal(signal.SIGHUP)
            time.sleep(0.15)
            most = max(most, len(workers_of(server)))
        until(lambda: len(workers_of(server)) == 2 and not before & set(workers_of(server)))

        assert most < 6
        assert who(server) in workers_of(server)
