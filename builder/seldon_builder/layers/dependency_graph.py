"""Which artifact of a lock needs which others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..lock import Lock
from ..store import Store
from ..target import Target
from .stored_metadata import metadata_of
from .wheel_requirements import holding


@dataclass(frozen=True)
class Graph:
    """Names of artifacts: what the model needs itself, what the runtime does, and what each of them needs."""

    model: tuple[str, ...]
    runtime: tuple[str, ...]
    needs: Mapping[str, tuple[str, ...]]


def graph_of(lock: Lock, runtime: Iterable[str], store: Store) -> Graph:
    """Follow the requirements of the wheels from what the model and the lines of the ``runtime`` ask for.

    It follows from the lock alone: markers see the first patch version of its Python. A lock does not tell
    which extras the model asked for; what nothing else leads to is taken for a need of the model's own.
    """
    walk = _Walk(lock, store)
    for_runtime = walk.found(runtime, frozenset())
    walk.follow([*for_runtime, *((name, frozenset[str]()) for name in lock.roots)])
    roots = set(lock.roots) | {name for name, _ in for_runtime}
    unreached = {artifact.name for artifact in lock.artifacts} - walk.needs.keys()
    walk.follow([(name, frozenset[str]()) for name in sorted(unreached)])
    needed = {name for whom in unreached for name in walk.needs[whom] if name != whom}
    # A circle that nothing leads to has no first member: then all of them are.
    first = (unreached - needed) or unreached
    return Graph(
        tuple(sorted((set(lock.roots) & walk.needs.keys()) | (first - roots))),
        tuple(sorted({name for name, _ in for_runtime})),
        {name: tuple(sorted(needs - {name})) for name, needs in sorted(walk.needs.items())},
    )


class _Walk:
    def __init__(self, lock: Lock, store: Store) -> None:
        self._lock, self._store = lock, store
        self._target = Target(lock.platform.partition("/")[2], f"{lock.python}.0", "2.17")
        self._names = {artifact.name for artifact in lock.artifacts}
        self._seen: set[tuple[str, frozenset[str]]] = set()
        self.needs: dict[str, set[str]] = {}

    def found(self, lines: Iterable[str], extras: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
        """Return those of the requirements ``lines`` that the lock has, each with the extras asked for."""
        from packaging.utils import canonicalize_name

        return [
            (name, frozenset(requirement.extras))
            for requirement in holding(lines, self._target, extras)
            if (name := canonicalize_name(requirement.name)) in self._names
        ]

    def follow(self, pending: list[tuple[str, frozenset[str]]]) -> None:
        """Note what each of ``pending`` needs, and what that needs."""
        while pending:
            name, extras = pending.pop()
            artifact = self._lock.find(name)
            if artifact is None or (name, extras) in self._seen:
                continue
            self._seen.add((name, extras))
            further = self.found(metadata_of(artifact, self._store).get("requires-dist", ()), extras)
            self.needs.setdefault(name, set()).update(needed for needed, _ in further)
            pending += further
