"""What the wheels of a lock require of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..lock import Lock
from ..store import Store
from ..target import Target
from .packing import cache_key
from .stored_metadata import metadata_of

if TYPE_CHECKING:
    from packaging.requirements import Requirement


def needed_by(lines: Iterable[str], lock: Lock, target: Target, store: Store) -> frozenset[str]:
    """Return the names of the artifacts that the requirements ``lines`` lead to, on ``target``."""
    wanted = sorted(lines)
    wheels = sorted(artifact.sha256.hex for artifact in lock.artifacts)
    key = cache_key("needed-by", target.python_version, target.platform, "\n".join(wanted), *wheels)
    record = store.record("needed-by", key)
    if record is None:
        record = {"names": sorted(_needed(wanted, lock, target, store))}
        store.keep("needed-by", key, record)
    return frozenset(record["names"])


def _needed(lines: Iterable[str], lock: Lock, target: Target, store: Store) -> set[str]:
    from packaging.utils import canonicalize_name

    seen: set[tuple[str, frozenset[str]]] = set()
    pending = list(holding(lines, target, frozenset()))
    while pending:
        requirement = pending.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        artifact = lock.find(name)
        if artifact is not None and (name, extras) not in seen:
            seen.add((name, extras))
            pending += holding(metadata_of(artifact, store).get("requires-dist", ()), target, extras)
    return {name for name, _ in seen}


def holding(lines: Iterable[str], target: Target, extras: frozenset[str]) -> Iterator[Requirement]:
    """Yield the requirements whose markers hold."""
    from packaging.requirements import InvalidRequirement, Requirement

    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            # Old metadata; a resolver has dealt with it, and here only the grouping of layers is at stake.
            continue
        environments = ({**target.marker_environment, "extra": extra} for extra in (*sorted(extras), ""))
        if requirement.marker is None or any(requirement.marker.evaluate(each) for each in environments):
            yield requirement
