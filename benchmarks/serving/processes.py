"""What a tree of processes used and holds, as the kernel counts it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """Return ``root`` and everything that descends from it."""
    children: dict[int, list[int]] = {}
    for pid, fields in _stats():
        children.setdefault(int(fields[1]), []).append(pid)
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def cpu_seconds(root: int) -> float:
    """Return user and system time of the tree, of its children that ended too."""
    pids = set(tree(root))
    ticks = sum(sum(map(int, fields[11:15])) for pid, fields in _stats() if pid in pids)
    return ticks / TICK


def busy_seconds(cores: str) -> float:
    """Return how long ``cores`` worked, for whomever."""
    wanted = tuple(f"cpu{core} " for core in cores.split(","))
    lines = (line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(wanted))
    # All but idle and waiting for a disk, up to what the hypervisor took; guests are in the first two.
    fields = ([int(field) for field in line.split()[1:9]] for line in lines)
    return sum(sum(times) - times[3] - times[4] for times in fields) / TICK


def megabytes(root: int, kind: str = "Pss") -> float:
    """Return the memory of the tree: ``Pss`` counts a shared page once, ``Rss`` in each process."""
    return sum(map(_kilobytes, tree(root), (kind for _ in tree(root)))) / 1024


def _kilobytes(pid: int, kind: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")), 0)


def _stats() -> Iterable[tuple[int, list[str]]]:
    for place in Path("/proc").glob("[0-9]*"):
        try:
            text = (place / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # The name may hold spaces and brackets: fields are counted from the last bracket, the state.
        yield int(place.name), text.rpartition(")")[2].split()
