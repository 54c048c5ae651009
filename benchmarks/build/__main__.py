"""Builds one model with seldon-python and with BuildKit and pip, by turns, on the same base image.

usage: python -m benchmarks.build [--runs 3] [--json FILE]      (as root, a Docker engine must answer)

Each scenario is timed from the outside, process start included, registry and package index on this machine.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from . import buildkit, ours
from .scene import Scene

Figures = dict[str, dict[str, list[float]]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each side (default 3)")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seldon-benchmark-") as folder, ExitStack() as stack:
        scene = Scene.prepare(Path(folder), stack)
        figures: Figures = {}
        for _ in range(options.runs):
            for bytecode in (True, False):
                round_of(scene, figures, bytecode=bytecode)
    print(table(figures, scene.engine))
    if options.json:
        document = {"engine": scene.engine, "machine": platform.platform(), "seconds": figures}
        options.json.write_text(json.dumps(document, indent=1, sort_keys=True))


def round_of(scene: Scene, figures: Figures, *, bytecode: bool) -> None:
    """Time each scenario once on each side, in turns."""
    suffix = "with bytecode" if bytecode else "without bytecode"
    mine, theirs = ours.Side(scene, bytecode=bytecode), buildkit.Side(scene, bytecode=bytecode)

    def pair(name: str, act: Callable[[ours.Side | buildkit.Side], float]) -> None:
        row = figures.setdefault(f"{name}, {suffix}", {"seldon-python": [], "buildkit": []})
        for label, side in (("seldon-python", mine), ("buildkit", theirs)):
            row[label].append(act(side))
            print(f"{name:<40} {suffix:<17} {label:<14} {row[label][-1]:7.2f} s", file=sys.stderr, flush=True)

    for side in (mine, theirs):
        side.forget()
    pair("cold, into the daemon", lambda side: side.load())
    pair("nothing changed, into the daemon", lambda side: side.load())
    scene.change_code()
    pair("code changed, into the daemon", lambda side: side.load())
    scene.restore()
    scene.forget_pushes()
    for side in (mine, theirs):
        side.forget()
    pair("cold, build and push", lambda side: side.push())
    pair("nothing changed, build and push", lambda side: side.push())
    scene.change_code()
    pair("code changed, build and push", lambda side: side.push())
    scene.change_dependency()
    pair("one dependency changed, build and push", lambda side: side.push())
    scene.restore()


def table(figures: Figures, engine: str) -> str:
    """Write the medians and their ratio as a Markdown table."""
    lines = [
        f"| scenario | seldon-python, s | BuildKit + pip ({engine}), s | times faster (pairs) |",
        "|---|---:|---:|---:|",
    ]
    for name, row in figures.items():
        mine, theirs = row["seldon-python"], row["buildkit"]
        ratios = [their / my for my, their in zip(mine, theirs, strict=True)]
        lines.append(
            f"| {name} | {statistics.median(mine):.2f} | {statistics.median(theirs):.2f} "
            f"| {statistics.median(ratios):.1f} ({min(ratios):.1f}-{max(ratios):.1f}) |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
