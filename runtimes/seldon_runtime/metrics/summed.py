"""What the workers counted, as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from .families import Family, Point, Series
from .keys import KINDS, REQUESTS, Kind, parsed
from .names import WORKER, Labels
from .table import Table

Numbers = Sequence[float]
# The series of one family: by their labels, and by the worker where they are not summed.
Found = dict[tuple[Labels, int], Numbers]


def families_of(tables: Iterable[Table], unit: Labels, legacy: Labels) -> list[Family]:
    """Return what stands in ``tables``, ours first; ``legacy`` labels go to the author's metrics only."""
    found = _summed(tables)
    ours = [_family(kind, "", found.pop((kind, ""), {}), unit) for kind in KINDS if KINDS[kind].name]
    theirs = [_family(kind, name, series, (*unit, *legacy)) for (kind, name), series in found.items()]
    requests = ours[list(KINDS).index(REQUESTS)]
    return [*(family for family in (_counted(requests), *ours, *theirs) if family.series)]


def _summed(tables: Iterable[Table]) -> dict[tuple[str, str], Found]:
    found: dict[tuple[str, str], Found] = {}
    for table in tables:
        for key, numbers in table.numbers:
            kind, name, labels = parsed(key)
            how = KINDS[kind]
            ended, unset = how.is_level and not table.owner, how.per_worker and not numbers[0]
            if ended or unset:
                continue
            series = found.setdefault((kind, name), {})
            place = labels, table.owner if how.per_worker else 0
            before = series.get(place)
            series[place] = (
                numbers if before is None else [a + b for a, b in zip(before, numbers, strict=True)]
            )
    return found


def _family(kind: str, name: str, found: Found, more: Labels) -> Family:
    how = KINDS[kind]
    series = []
    for (labels, owner), numbers in found.items():
        worker = ((WORKER, str(owner)),) if how.per_worker else ()
        series.append(Series((*labels, *more, *worker), tuple(_points(how, numbers))))
    return Family(how.name or name, how.shown, how.help or f"A {kind} of the model.", series)


def _points(how: Kind, numbers: Numbers) -> Iterator[Point]:
    if not how.bounds:
        yield Point("_total" if how.shown == "counter" else "", "", numbers[-1])
        return
    *buckets, total = numbers
    counts = list(accumulate(buckets))
    for bound, count in zip((*map(repr, how.bounds), "+Inf"), counts, strict=True):
        yield Point("_bucket", bound, count)
    yield Point("_count", "", counts[-1])
    yield Point("_sum", "", total)


def _counted(durations: Family) -> Family:
    """Return the counter of requests, which the histogram knows too: it costs nothing to count them."""
    return Family(
        "seldon_api_server_requests",
        "counter",
        "Requests that were answered.",
        [
            Series(series.labels, [Point("_total", "", point.value)])
            for series in durations.series
            for point in series.points
            if point.ending == "_count"
        ],
    )
