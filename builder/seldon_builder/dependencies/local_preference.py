"""Local wheels before any index: an engine is held to them, and let go only where they do not go together.

The engine gets each wheel as a constraint on its place, so it asks no index for that name, and the lock has
that file and no other of the same version.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from ..detection import Detection, Requirement
from ..errors import SeldonError
from ..errors.indexes import LocalWheelUnfit
from ..errors.resolution import (
    OfflineMissing,
    PackageNotFound,
    PackageWithoutWheel,
    ResolutionConflict,
    VersionNotFound,
)
from ..events import Emit, Event, decision, warning
from ..lock import Lock, canonical_name
from ..package_index import PackageIndex
from ..store import Store
from ..target import Target
from .local_demands import Demands
from .local_shelf import LocalWheel, Shelf, Unfit, shelf_of
from .local_wheels import shown, source_paths

ORIGIN = "the local wheels"
# What ends a resolution that another choice of local wheels may make good.
_DEBATABLE = (OfflineMissing, PackageNotFound, PackageWithoutWheel, ResolutionConflict, VersionNotFound)
# How many ways out of one conflict are tried before all wheels that take part in it are given up.
_ATTEMPTS = 12
_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_CAUSE = re.compile(r"[Bb]ecause (.+?), we can conclude")

Ask = Callable[[Detection, PackageIndex], Lock]
# By name the wheels that may still serve, the best first; none where they were given up.
Choice = Mapping[str, tuple[LocalWheel, ...]]


@dataclass(frozen=True)
class LocalPreference:
    """The rule that the wheels of ``index.wheel_folders`` come before all else that ``index`` leads to."""

    index: PackageIndex
    target: Target
    store: Store
    emit: Emit
    _told: set[str] = field(default_factory=set)

    @cached_property
    def shelf(self) -> Shelf:
        """The wheels of the folders; what is odd about them is told."""
        folders = self.index.wheel_folders
        shelf = shelf_of(folders, self.target, self.store)
        if count := sum(map(len, shelf.wheels.values())):
            wheels = f"{count} local wheels" if count > 1 else "1 local wheel"
            self.emit(decision("lock", f"{wheels} before any index: {', '.join(folders)}"))
        for item in shelf.odd:
            self.emit(warning("lock", f"Not using {item}"))
        for path in source_paths(folders):
            why = "so it comes before no index; to have it built, name it in the requirements"
            self.emit(warning("lock", f"{shown(path)} is no wheel, {why}"))
        return shelf

    def lock(self, detection: Detection, ask: Ask, build: Ask | None = None) -> Lock:
        """Return what ``ask`` answers for ``detection``, with all the local wheels that go together.

        ``build`` is asked last: it makes wheels of what has none, which no choice of local wheels must lead
        to. LocalWheelUnfit where what is missing lies in a local folder and cannot be used.
        """
        demands = Demands.of(detection, self.target)
        choice, refused = demands.applied(self.shelf)
        search = _Search(detection, self.index, ask, demands.fixed)
        try:
            lock, chosen = search.settled_or(build, choice) if build else search.settled(choice)
        except _DEBATABLE as error:
            raise self._explained(error, (*refused, *search.given_up(choice, {}))) from error
        for item in search.given_up(choice, chosen):
            self._tell(warning, item, lock)
        for item in refused:
            if not chosen.get(item.name):
                self._tell(decision, item, lock)
        return lock

    def _tell(self, kind: Callable[[str, str], Event], item: Unfit, lock: Lock) -> None:
        """Tell why a wheel is not used, once, where another of its name is."""
        used = lock.find(item.name)
        if used is not None and str(item) not in self._told:
            self._told.add(str(item))
            self.emit(kind("lock", f"Not using {item}. Instead: {used.name} {used.version}"))

    def _explained(self, error: SeldonError, unused: tuple[Unfit, ...]) -> SeldonError:
        lacking = _lacking(error)
        wheels = [(shown(item.path), item.reason) for item in unused if item.name in lacking]
        if not wheels:
            return error
        target = self.target
        needed = f"Python {target.python_version} on {target.platform} (glibc {target.glibc})"
        return LocalWheelUnfit(wheels, needed, error.message)


@dataclass(frozen=True)
class _Search:
    """One resolution and the ways out of its conflicts; ``fixed`` are names of which nothing may change."""

    detection: Detection
    index: PackageIndex
    ask: Ask
    fixed: frozenset[str]
    causes: dict[str, str] = field(default_factory=dict)

    def settled_or(self, build: Ask, choice: Choice) -> tuple[Lock, Choice]:
        """Settle it, by what ``build`` makes where no other way is left."""
        try:
            return self.settled(choice)
        except PackageWithoutWheel:
            self.causes.clear()
            return replace(self, ask=build).settled(choice)

    def settled(self, choice: Choice) -> tuple[Lock, Choice]:
        """Return a lock and the choice that led to it, the first one if it does."""
        while True:
            try:
                return self._asked(choice), choice
            except _DEBATABLE as error:
                blamed = self._blamed(error, choice) or self._in_the_way(choice)
                if not blamed:
                    raise
            for fewer in islice(_concessions(choice, blamed), _ATTEMPTS):
                with suppress(*_DEBATABLE):
                    return self._asked(fewer), fewer
            choice = {**choice, **dict.fromkeys(blamed, ())}

    def _in_the_way(self, choice: Choice) -> list[str]:
        """Return the names of which a lock without local wheels has other versions; none where none is.

        pip does not say what takes part in a conflict.
        """
        if not any(choice.values()):
            return []
        try:
            free = self._asked({})
        except _DEBATABLE:
            return []
        locked = {artifact.name: artifact.version for artifact in free.artifacts}
        there = [name for name, wheels in choice.items() if wheels and name in locked]
        blamed = [name for name in there if locked[name] != choice[name][0].artifact.version]
        self.causes.update(dict.fromkeys(blamed, "what else is asked for excludes it"))
        return blamed

    def given_up(self, choice: Choice, chosen: Choice) -> Iterator[Unfit]:
        """Yield the wheels of ``choice`` that ``chosen`` no longer has."""
        for name, cause in sorted(self.causes.items()):
            kept = chosen.get(name, ())
            yield from (Unfit(name, wheel.path, cause) for wheel in choice[name] if wheel not in kept)

    def _asked(self, choice: Choice) -> Lock:
        taken = {name: wheels[0] for name, wheels in choice.items() if wheels}
        pins = (Requirement(f"{name} @ {item.stub.as_uri()}", ORIGIN) for name, item in taken.items())
        held = replace(
            self.detection,
            requirements=_unhashed(self.detection.requirements, taken),
            constraints=(*_unhashed(self.detection.constraints, taken), *pins),
        )
        others = tuple(pin for pin in self.index.pins if pin.name not in taken)
        lock = self.ask(held, replace(self.index, pins=others))
        wheels = {item.stub.as_uri(): item.artifact for item in taken.values()}
        return lock.with_artifacts(tuple(wheels.get(artifact.url, artifact) for artifact in lock.artifacts))

    def _blamed(self, error: SeldonError, choice: Choice) -> list[str]:
        """Return the names of local wheels that take part in a conflict."""
        text = " ".join((getattr(error, "explanation", "") or error.message).split())
        words = _words(text)
        blamed = [name for name, wheels in choice.items() if wheels and name in words - self.fixed]
        cause = _CAUSE.search(text)
        for name in blamed:
            self.causes.setdefault(name, f"it does not go with the rest: {cause[1] if cause else text[:300]}")
        return blamed


def _concessions(choice: Choice, blamed: list[str]) -> Iterator[Choice]:
    """Yield choices with one wheel less: first with a lower version of it, then with none."""
    for name in blamed:
        for at in range(1, len(choice[name])):
            yield {**choice, name: choice[name][at:]}
    # Where there is but one, that is what comes next anyway.
    for name in blamed if len(blamed) > 1 else ():
        yield {**choice, name: ()}


def _unhashed(
    requirements: tuple[Requirement, ...], taken: Mapping[str, LocalWheel]
) -> tuple[Requirement, ...]:
    """Drop the hashes that were held against a local wheel already: a stub has another."""
    return tuple(replace(item, hashes=()) if item.name in taken else item for item in requirements)


def _words(text: str) -> frozenset[str]:
    return frozenset(canonical_name(word) for word in _WORD.findall(text))


def _lacking(error: SeldonError) -> frozenset[str]:
    """Return the names that nobody has, or nobody for this target."""
    if isinstance(error, PackageNotFound):
        return _words(" ".join(error.names))
    if isinstance(error, OfflineMissing):
        return _words(" ".join(error.missing))
    if isinstance(error, PackageWithoutWheel):
        return _words(" ".join(package.line for package in error.packages))
    return frozenset()
