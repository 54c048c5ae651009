"""What the system knows of the workers: when they started, their memory, their processor time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .families import Family, Point, Series
from .names import WORKER

PROCESSES = Path("/proc")


class Process(NamedTuple):
    """One worker: its start in seconds since 1970, resident bytes, seconds of processor time."""

    id: int
    started: float
    resident: float
    used: float


def process_families(ids: Iterable[int], folder: Path = PROCESSES) -> list[Family]:
    """Return the metrics of the processes that there are; none on systems that say nothing in ``folder``."""
    processes = [process for number in ids if (process := _process(number, folder))]

    def family(name: str, kind: str, meaning: str, values: Iterable[float]) -> Family:
        ending = "_total" if kind == "counter" else ""
        series = [
            Series(((WORKER, str(process.id)),), [Point(ending, "", value)])
            for process, value in zip(processes, values, strict=True)
        ]
        return Family(name, kind, meaning, series)

    if not processes:
        return []
    return [
        family(
            "process_start_time_seconds",
            "gauge",
            "Start of the process, in seconds since 1970.",
            (process.started for process in processes),
        ),
        family(
            "process_resident_memory_bytes",
            "gauge",
            "Memory of the process, what it shares with others included.",
            (process.resident for process in processes),
        ),
        family(
            "process_cpu_seconds",
            "counter",
            "Processor time of the process.",
            (process.used for process in processes),
        ),
    ]


def _process(number: int, folder: Path) -> Process | None:
    try:
        # After the name, which may hold anything, a parenthesis too.
        fields = (folder / str(number) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        booted = next(
            float(line.split()[1])
            for line in (folder / "stat").read_text().splitlines()
            if line.startswith("btime ")
        )
    except (OSError, StopIteration):
        return None
    ticks = os.sysconf("SC_CLK_TCK")
    return Process(
        number,
        booted + int(fields[19]) / ticks,
        float(int(fields[21]) * os.sysconf("SC_PAGE_SIZE")),
        (int(fields[11]) + int(fields[12])) / ticks,
    )
