"""Measures the server of this checkout against seldon-core, KServe, MLServer, BentoML and LitServe.

usage: python -m benchmarks.serving [--runs 5] [--seconds 5] [--only NAME ...] [--python 3.11] [--json FILE]

For each bar ours and the others are started and loaded by turns, the server on core 0 and the load on core 1;
what counts is the median of the ratios. The peers come from the package index into environments of their own,
made once. Needs wrk and h2load (Debian: wrk, nghttp2-client) and, for seldon-core's gRPC, a Python 3.10.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from .bars import Bar, every_bar
from .load import check_tools
from .probes import Sample
from .results import HEADER, Result
from .sides import Side


def main() -> int:
    options = _options()
    # So that the servers end too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    check_tools()
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("the benchmark needs two cores, one for the server and one for the load")
    wanted = options.only or [""]
    bars = [
        bar.with_python(options.python) for bar in every_bar() if any(name in bar.name for name in wanted)
    ]
    for environment in {side.server.environment for bar in bars for side in (bar.ours, *bar.others)}:
        environment.make()
    results = [_measured(bar, options.runs, options.seconds) for bar in bars]
    print("\n".join((HEADER, *(result.row() for result in results))))
    if options.json:
        options.json.write_text(json.dumps(_document(results), indent=1))
    return int(any(result.verdict != "met" for result in results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5, help="pairs of each bar (default 5)")
    parser.add_argument("--seconds", type=float, default=5, help="load of one run (default 5)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="bars whose name holds one of these")
    parser.add_argument("--python", default="3.11", help="the Python of our server (default 3.11)")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    return parser.parse_args()


def _measured(bar: Bar, runs: int, seconds: float) -> Result:
    sides = {side.name: side for side in bar.others}
    mine: list[Sample] = []
    others: dict[str, list[Sample]] = {name: [] for name in sides}
    for _ in range(runs):
        mine.append(_told(bar, bar.ours, seconds))
        for name, side in sides.items():
            others[name].append(_told(bar, side, seconds))
    return Result(bar, mine, others)


def _told(bar: Bar, side: Side, seconds: float) -> Sample:
    sample = bar.probe.measure(side, seconds)
    errors = f"  {sample.errors} ERRORS" if sample.errors else ""
    load = f"{sample.cpu:9.0f} us/request, others {sample.foreign:4.0%}{errors}"
    figures = f"{sample.figure:10.4g} {bar.probe.unit:<6} {load}"
    print(f"{bar.name:<36} {side.name:<12} {figures}", file=sys.stderr, flush=True)
    return sample


def _document(results: Sequence[Result]) -> dict[str, object]:
    environments = {
        side.server.environment for result in results for side in (result.bar.ours, *result.bar.others)
    }
    return {
        "machine": platform.platform(),
        "versions": {
            f"{environment.name} on {environment.python}": environment.versions()
            for environment in environments
        },
        "bars": [_figures(result) for result in results],
    }


def _figures(result: Result) -> dict[str, object]:
    samples = {result.bar.ours.name: result.mine, **result.others}
    return {
        "bar": result.bar.name,
        "asked": result.bar.asked,
        "measured": result.pairs,
        "best_other": result.best,
        "by_cpu": result.by_cpu,
        "others_share_of_core": result.foreign,
        "verdict": result.verdict,
        "samples": {
            name: [dataclasses.asdict(sample) for sample in found] for name, found in samples.items()
        },
    }


if __name__ == "__main__":
    sys.exit(main())
