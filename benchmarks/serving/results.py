"""What the pairs of a bar say together, and how it is told."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .bars import Bar
from .probes import Sample

HEADER = (
    "| bar | asked | measured (pairs) | by CPU time | ours | CPU µs | best other | CPU µs | others | |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|"
)


@dataclass(frozen=True)
class Result:
    """``mine`` and each of ``others``, by name, hold one sample per run."""

    bar: Bar
    mine: Sequence[Sample]
    others: Mapping[str, Sequence[Sample]]

    @property
    def best(self) -> str | None:
        """The name of the best of the others."""
        order = sorted(
            self.others, key=lambda name: _median(self.others[name]), reverse=not self.bar.probe.less
        )
        return order[0] if order else None

    @property
    def pairs(self) -> list[float]:
        """Times better than the best other, run by run; the figures themselves where there is none."""
        if self.best is None:
            return [sample.figure for sample in self.mine]
        paired = zip(self.mine, self.others[self.best], strict=True)
        return [self.bar.probe.ratio(mine.figure, other.figure) for mine, other in paired]

    @property
    def by_cpu(self) -> float | None:
        """How many times less processor time a request takes; it hardly depends on what else runs."""
        if self.best is None or not _cpu(self.mine):
            return None
        return _cpu(self.others[self.best]) / _cpu(self.mine)

    @property
    def errors(self) -> int:
        return sum(sample.errors for samples in (self.mine, *self.others.values()) for sample in samples)

    @property
    def foreign(self) -> float:
        """The largest part of a server's core that others took."""
        return max(sample.foreign for samples in (self.mine, *self.others.values()) for sample in samples)

    @property
    def verdict(self) -> str:
        if self.errors:
            return f"INVALID: {self.errors} errors"
        return "met" if self.bar.met(statistics.median(self.pairs)) else "MISSED"

    def row(self) -> str:
        """Write the line of the table."""
        sign = "≤" if self.bar.at_most else "≥"
        pairs, unit = self.pairs, self.bar.probe.unit
        measured = f"{statistics.median(pairs):.4g} ({min(pairs):.4g}-{max(pairs):.4g})"
        best = f"{self.best}: {_median(self.others[self.best]):,.4g} {unit}" if self.best else ""
        other = f"{_cpu(self.others[self.best]):,.0f}" if self.best else ""
        by_cpu = f"{self.by_cpu:.1f}" if self.by_cpu else ""
        mine = f"{_median(self.mine):,.4g} {unit}"
        cells = (
            self.bar.name,
            f"{sign} {self.bar.asked:g}",
            measured,
            by_cpu,
            mine,
            f"{_cpu(self.mine):,.0f}",
        )
        return f"| {' | '.join((*cells, best, other, f'{self.foreign:.0%}', self.verdict))} |"


def _median(samples: Sequence[Sample]) -> float:
    return statistics.median(sample.figure for sample in samples)


def _cpu(samples: Sequence[Sample]) -> float:
    return statistics.median(sample.cpu for sample in samples)
