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
    """One figure, and where the server was loaded: the processor's microseconds per request, and the part of
    the time in which the server's cores worked for somebody else.
    """

    figure: float
    errors: int = 0
    cpu: float = 0.0
    foreign: float = 0.0
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
        numerator, denominator = (other, mine) if self.less else (mine, other)
        # Nothing where nothing was answered, which is an error in its sample.
        return numerator / denominator if denominator else 0.0


def throughput(side: Side, seconds: float) -> Sample:
    with side.server.running() as running:
        running.await_answer(side.call)
        load.saturate(running, side.call, load.WARM_UP)
        found, cpu, foreign = _counted(running, lambda: load.saturate(running, side.call, seconds))
        latencies = {"p50_ms": found.p50_ms, "p99_ms": found.p99_ms}
        return Sample(found.rate, found.errors, cpu, foreign, latencies)


def tail(side: Side, seconds: float) -> Sample:
    """Measure p99 at half of what the server answers at most."""
    with side.server.running() as running:
        running.await_answer(side.call)
        load.saturate(running, side.call, load.WARM_UP)
        most = load.saturate(running, side.call, seconds)
        half = most.rate / 2
        found, cpu, foreign = _counted(running, lambda: load.pace(running, side.call, seconds, half))
        rates = {"asked_rate": half, "rate": found.rate}
        return Sample(found.p99_ms, found.errors + most.errors, cpu, foreign, rates)


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


def _counted(running: Running, act: Callable[[], Load]) -> tuple[Load, float, float]:
    """Act; return its load, the processor's microseconds per request, and what others took of the cores."""
    root, cores = running.process.pid, running.server.cores
    began, busy, own = time.monotonic(), processes.busy_seconds(cores), processes.cpu_seconds(root)
    found = act()
    own = processes.cpu_seconds(root) - own
    # On both cores the load itself is among the others.
    others = processes.busy_seconds(cores) - busy - own
    share = others / (time.monotonic() - began) / len(cores.split(","))
    return found, own / max(found.requests, 1) * 1e6, max(share, 0.0)
