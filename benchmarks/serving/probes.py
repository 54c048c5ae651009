"""What is measured of one side, in one run of its server."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from . import load, processes
from .load import Load
from .servers import Running
from .sides import Side


@dataclass(frozen=True)
class Sample:
    """One figure; ``cpu`` is the microseconds of processor time per request, 0 where nothing was loaded."""

    figure: float
    errors: int = 0
    cpu: float = 0.0
    more: Mapping[str, float] = field(default_factory=dict)


Measure: TypeAlias = Callable[[Side, float], Sample]


@dataclass(frozen=True)
class Probe:
    """A way to measure; ``less`` where a smaller figure is the better one."""

    unit: str
    measure: Measure
    less: bool = False

    def ratio(self, mine: float, other: float) -> float:
        """Return how many times better ``mine`` is."""
        return other / mine if self.less else mine / other


def throughput(side: Side, seconds: float) -> Sample:
    with side.server.running() as running:
        running.await_answer(side.call)
        load.saturate(running, side.call, load.WARM_UP)
        found, cpu = _counted(running, lambda: load.saturate(running, side.call, seconds))
        return Sample(found.rate, found.errors, cpu, {"p50_ms": found.p50_ms, "p99_ms": found.p99_ms})


def tail(side: Side, seconds: float) -> Sample:
    """Measure p99 at half of what the server answers at most."""
    with side.server.running() as running:
        running.await_answer(side.call)
        load.saturate(running, side.call, load.WARM_UP)
        most = load.saturate(running, side.call, seconds)
        found, cpu = _counted(running, lambda: load.pace(running, side.call, seconds, most.rate / 2))
        errors = found.errors + most.errors
        return Sample(found.p99_ms, errors, cpu, {"asked_rate": most.rate / 2, "rate": found.rate})


def start(side: Side, _seconds: float) -> Sample:
    began = time.monotonic()
    with side.server.running() as running:
        running.await_answer(side.call)
        return Sample(time.monotonic() - began)


def memory(side: Side, _seconds: float) -> Sample:
    with side.server.running() as running:
        running.await_answer(side.call)
        time.sleep(1)
        root = running.process.pid
        count = len(processes.tree(root))
        return Sample(
            processes.megabytes(root), more={"rss": processes.megabytes(root, "Rss"), "processes": count}
        )


THROUGHPUT = Probe("req/s", throughput)
TAIL = Probe("ms p99", tail, less=True)
START = Probe("s", start, less=True)
MEMORY = Probe("MB PSS", memory, less=True)


def _counted(running: Running, act: Callable[[], Load]) -> tuple[Load, float]:
    root = running.process.pid
    before = processes.cpu_seconds(root)
    found = act()
    spent = processes.cpu_seconds(root) - before
    return found, spent / max(found.requests, 1) * 1e6
