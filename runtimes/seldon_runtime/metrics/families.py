"""Families of metrics as they are shown, and how none comes in the way of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .names import Labels

# What else a family's name claims, by its type: the names of its samples and what OpenMetrics reserves.
CLAIMED: Mapping[str, tuple[str, ...]] = {
    "counter": ("_total", "_created"),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
    "summary": ("_count", "_sum", "_created"),
    "info": ("_info",),
}


class Point(NamedTuple):
    """A number of a series: its name's ending, the upper bound of a bucket (else empty), the number."""

    ending: str
    bound: str
    value: float


@dataclass(frozen=True)
class Series:
    """What has the same labels; several points where it is a histogram."""

    labels: Labels
    points: Sequence[Point]


@dataclass(frozen=True)
class Family:
    """All series of one name. The name of a counter lacks its _total."""

    name: str
    kind: str
    help: str
    series: list[Series] = field(default_factory=list)

    @property
    def names(self) -> frozenset[str]:
        """Return every name that no other family may have."""
        return frozenset((self.name, *(self.name + ending for ending in CLAIMED.get(self.kind, ()))))


def distinct(families: Iterable[Family]) -> list[Family]:
    """Return the families, those renamed whose names an earlier one claims: one key, given as two types."""
    claimed: set[str] = set()
    found = []
    for family in families:
        while claimed & family.names:
            family = Family(f"{family.name}_{family.kind}", family.kind, family.help, family.series)
        claimed |= family.names
        found.append(family)
    return found


def joined(families: Sequence[Family], others: Iterable[Family]) -> list[Family]:
    """Return ``families`` and those of ``others`` whose names are free."""
    claimed = {name for family in families for name in family.names}
    found = list(families)
    for other in others:
        if not claimed & other.names:
            claimed |= other.names
            found.append(other)
    return found
