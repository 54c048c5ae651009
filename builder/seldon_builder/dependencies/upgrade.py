"""What a lock that is made anew keeps of the one before, and how the two differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..detection import Requirement
from ..errors.upgrades import UpgradeUnknown
from ..lock import WHEEL, Lock, canonical_name
from .pylock import ExportedLock
from .resolver import Resolver, pins_of

# In place of names: everything may get a newer version.
ALL = "*"


def relocking(resolver: Resolver, known: ExportedLock | None, upgrade: Sequence[str]) -> Resolver:
    """Return ``resolver`` so that it asks the engine, and the engine keeps what ``known`` has.

    What is in ``upgrade`` may get a newer version; UpgradeUnknown where ``known`` lacks a name of it.
    """
    preferred = preferred_of(known, upgrade) if known else ()
    if not known and (named := [name for name in upgrade if name != ALL]):
        raise UpgradeUnknown(named, ())
    return replace(resolver, preferred=preferred, refresh=bool(known or upgrade) or resolver.refresh)


def preferred_of(known: ExportedLock, upgrade: Sequence[str]) -> tuple[Requirement, ...]:
    """Return the pins of ``known`` that are to be kept while they satisfy."""
    if ALL in upgrade:
        return ()
    names = {canonical_name(name): name for name in upgrade}
    lock = known.lock
    if missing := [said for name, said in names.items() if not lock.find(name)]:
        raise UpgradeUnknown(missing, [artifact.name for artifact in lock.artifacts])
    kept = tuple(item for item in lock.artifacts if item.kind == WHEEL and item.name not in names)
    return pins_of(lock.with_artifacts(kept))


def changes_between(before: Lock, after: Lock) -> Iterator[str]:
    """Say by name what was added, removed or changed."""
    for name in sorted({item.name for item in (*before.artifacts, *after.artifacts)}):
        old, new = before.find(name), after.find(name)
        if old is None and new is not None:
            yield f"added:   {name} {new.version}"
        elif new is None and old is not None:
            yield f"removed: {name} {old.version}"
        elif old is not None and new is not None and old.version != new.version:
            yield f"changed: {name} {old.version} -> {new.version}"
        elif old is not None and new is not None and old.sha256 != new.sha256:
            yield f"changed: {name} {old.version}, to {new.filename} of other content"
