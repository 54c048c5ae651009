"""Signals that stop what runs in the foreground."""

from __future__ import annotations

import subprocess
import sys

STORM = """
import os, signal, time
from seldon_builder.local.child import stop_signals

with stop_signals() as stop:
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
    signal.signal(signal.SIGALRM, signal.getsignal(signal.SIGTERM))
    end = time.monotonic() + 2
    while time.monotonic() < end:
        stop.wait(0.0001)
    signal.setitimer(signal.ITIMER_REAL, 0)
print(stop.is_set())
"""


def test_a_signal_at_any_moment_is_heard_and_blocks_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", STORM], capture_output=True, text=True, timeout=30)

    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
