"""Who resolves, and the rule that the server changes nothing of what the model asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pluggy

from ..detection import Detection, Requirement
from ..digest import Digest
from ..errors.resolution import (
    BadLine,
    EngineFailed,
    PackageWithoutWheel,
    ResolutionConflict,
    VersionNotFound,
)
from ..events import Emit, decision, warning
from ..interpreter import Interpreter
from ..lock import PROJECT, Artifact, Lock
from ..package_index import PackageIndex
from ..store import Store
from ..target import Target
from .built_wheels import as_wheel, with_built
from .fetch import fetch
from .file_url import path_of
from .lock_cache import Inputs, cached_lock, inputs_of, keep_lock
from .written_lock import pins_around, taken, ways_out, wheel_at

if TYPE_CHECKING:
    from .local_preference import LocalPreference

RUNTIME = "the runtime"
PINNED = "the lock"
# Among a detection's options: the requirements are all there is, what they need is not looked at.
NO_DEPENDENCIES = "--no-deps"
# The folder of the store with the wheels that were built here.
BUILT = "built"
Ask = Callable[[Detection, PackageIndex], Lock]


class WheelBuilder(Protocol):
    """Makes wheels of what has none, by code that is not ours, so never on this machine itself."""

    def build(self, requirement: Requirement) -> Path:
        """Return the wheel of the folder or archive ``requirement.build``; else BuildFailed."""

    def build_archive(self, name: str, version: str, url: str, sha256: Digest) -> Path:
        """Return the wheel of the source archive at ``url``, once its bytes are those; else BuildFailed."""

    def locked(
        self, detection: Detection, index: PackageIndex, lacking: PackageWithoutWheel, ask: Ask
    ) -> Lock:
        """Build what ``lacking`` names from the source archives of ``index``, then ``ask`` again."""


@dataclass(frozen=True)
class Resolver:
    """Everything that stays the same over the one or two resolutions of a build."""

    target: Target
    index: PackageIndex
    engine: str
    hooks: pluggy.HookRelay
    store: Store
    emit: Emit
    interpreter: Interpreter | None = None
    refresh: bool = False
    lock_command: str = "seldon-python lock"
    builder: WheelBuilder | None = None
    root: Path = Path("/")
    preferred: tuple[Requirement, ...] = ()

    def prepared(self, detection: Detection) -> Detection:
        """Build what ``detection`` names by folder or archive: from here on it is a wheel like any other."""
        wanted = tuple(i for i in detection.requirements if not i.build or _applies(i, self.target))
        detection = replace(detection, requirements=wanted)
        unbuilt = [item for item in detection.requirements if item.build]
        if not unbuilt:
            return detection
        if self.builder is None:
            raise PackageWithoutWheel([BadLine(i.origin, i.line, "it must be built first") for i in unbuilt])
        builder = self.builder
        built = (as_wheel(i, builder.build(i), self.store) if i.build else i for i in detection.requirements)
        return replace(detection, requirements=tuple(built))

    def inputs(self, detection: Detection) -> Inputs:
        """Gather all that the lock of ``detection`` depends on."""
        return inputs_of(detection, self.target, self.index, self.engine, self.store, self.root)

    def resolved(self, detection: Detection) -> Lock:
        """Return the lock that is known for ``detection``, else the engine's, its wheels not yet fetched."""
        return self.known(detection) or self.resolve(detection)

    def known(self, detection: Detection) -> Lock | None:
        """Return the lock that was made for ``detection``; None where the engine must be asked."""
        found = None if self.refresh else cached_lock(self.store, self.inputs(detection))
        found = with_built(found, detection.requirements, self.store) if found else None
        return found if found and all(map(self._stands, found.artifacts)) else None

    def _stands(self, artifact: Artifact) -> bool:
        """Tell whether a wheel that was built here is still here, and may be used."""
        if not artifact.url.startswith(f"{self.store.root.absolute().as_uri()}/{BUILT}/"):
            return True
        is_here = self.store.has(artifact.sha256) or path_of(artifact.url).is_file()
        return self.builder is not None and is_here

    def resolve(self, detection: Detection, first: Lock | None = None) -> Lock:
        """Ask the engine, or whom the detection names, and keep its lock.

        What ``first`` has, which a part of ``detection`` led to, keeps its version unless that cannot be.
        """
        found = self._completed(detection, first) if detection.is_complete else self._answer(detection, first)
        self.emit(decision("lock", f"Locked {len(found.artifacts)} distributions with {found.engine}"))
        # Without its size a wheel is known not to be fetched yet, and the lock not to be in order.
        projects = {item.name for item in detection.requirements if item.build}
        artifacts = tuple(
            replace(artifact, size=0, kind=PROJECT if artifact.name in projects else artifact.kind)
            for artifact in found.artifacts
        )
        inputs, roots = self.inputs(detection), _roots(detection, found)
        lock = replace(found, inputs=inputs.digest, roots=roots, artifacts=artifacts)
        keep_lock(self.store, inputs, lock)
        return lock

    def _answer(self, detection: Detection, first: Lock | None) -> Lock:
        if first is None:
            return self.ask_engine(detection)
        pins = (*detection.constraints, *pins_of(first))
        try:
            return self.ask_engine(replace(detection, constraints=pins))
        except (PackageWithoutWheel, ResolutionConflict, VersionNotFound):
            # Together they have other versions, or none: then this tells which lines exclude each other.
            found = self.ask_engine(detection)
        for change in _changes(first, found):
            self.emit(warning("lock", f"{change}: what the server needs does not go with it"))
        return found

    def _completed(self, detection: Detection, first: Lock | None) -> Lock:
        """Resolve what the runtime needs around what a lock file says, of which nothing changes."""
        others = tuple(item for item in detection.requirements if not is_own(item))
        if first is None or not others:
            return first or self.ask_engine(detection)
        pins = (*detection.constraints, *pins_around(first, detection))
        runtime = replace(
            detection, requirements=others, constraints=pins, options=(), is_complete=False, artifacts=()
        )
        try:
            found = self.ask_engine(runtime)
        except ResolutionConflict as error:
            raise ResolutionConflict(error.sides, error.explanation, ways_out(detection)) from error
        more = (item for item in found.artifacts if first.find(item.name) is None)
        return first.with_artifacts((*first.artifacts, *more))

    def alone(self, detection: Detection) -> Lock | None:
        """Resolve what the model itself asks for, so that nothing else changes it; None for nothing."""
        own = tuple(item for item in detection.requirements if is_own(item))
        # A locker has its own idea of what may change.
        if not own or detection.locker:
            return None
        model = replace(detection, requirements=own)
        if not detection.is_complete:
            return self.ask_engine(model)
        return self._as_written(model)

    def _as_written(self, model: Detection) -> Lock:
        """Take the files that a lock names; the engine finds those of pins of which it names none."""
        written = taken(model, self.target)
        built = tuple(self._built(archive) for archive in written.archives)
        lock = Lock("wheels", model.resolver, self.target.python, self.target.platform, Digest.of(b""), ())
        if written.unnamed:
            options = (*model.options, NO_DEPENDENCIES)
            unnamed = replace(model, requirements=written.unnamed, options=options, artifacts=())
            lock = self.ask_engine(unnamed)
        return lock.with_artifacts((*lock.artifacts, *written.wheels, *built))

    def _built(self, archive: Artifact) -> Artifact:
        """Build the wheel of a source archive that a lock names, with nothing but what it needs itself."""
        if self.builder is None:
            raise PackageWithoutWheel([BadLine(archive.name, archive.filename, "it must be built first")])
        wheel = self.builder.build_archive(archive.name, archive.version, archive.url, archive.sha256)
        return wheel_at(archive.name, wheel.as_uri())

    @cached_property
    def _preference(self) -> LocalPreference | None:
        if not self.index.wheel_folders:
            return None
        from .local_preference import LocalPreference

        return LocalPreference(self.index, self.target, self.store, self.emit)

    def has_local(self, name: str) -> bool:
        """Tell whether a wheel of this normalised name lies in a local folder."""
        return self._preference is not None and name in self._preference.shelf.wheels

    def ask_engine(self, detection: Detection) -> Lock:
        """Return the answer of the engine, held to the local wheels, or of whom the detection names."""
        if self._preference is None or detection.locker:
            return self._ask(detection, self.index)
        return self._preference.lock(detection, self._answered, self._ask if self.builder else None)

    def _ask(self, detection: Detection, index: PackageIndex) -> Lock:
        try:
            return self._answered(detection, index)
        except PackageWithoutWheel as error:
            if self.builder is None or detection.locker:
                raise
            return self.builder.locked(detection, index, error, self._answered)

    def _answered(self, detection: Detection, index: PackageIndex) -> Lock:
        engine = detection.locker or self.engine
        found: Lock | None = self.hooks.seldon_lock(
            detection=replace(detection, preferred=self.preferred),
            target=self.target,
            index=index,
            engine=engine,
            store=self.store,
            interpreter=self.interpreter,
            emit=self.emit,
        )
        if found is None:
            raise _unanswered(detection, engine)
        return found

    def fetched(self, lock: Lock, detection: Detection) -> Lock:
        """Fetch the wheels of ``lock``; a new lock gets its layers' order, which needs their sizes."""
        fetched = fetch(lock, self.index, self.store, self.emit)
        if fetched == lock:
            return lock
        from ..layers.planner import canonical_order

        ordered = fetched.with_artifacts(tuple(canonical_order(fetched.artifacts)))
        keep_lock(self.store, self.inputs(detection), ordered)
        return ordered


def _applies(requirement: Requirement, target: Target) -> bool:
    marker = requirement.line.partition(" ; ")[2]
    if not marker:
        return True
    from packaging.markers import Marker

    return Marker(marker).evaluate(target.marker_environment)


def pins_of(lock: Lock) -> tuple[Requirement, ...]:
    """Return what keeps every distribution of ``lock`` at its version."""
    return tuple(map(_pin, lock.artifacts))


def _pin(item: Artifact) -> Requirement:
    return Requirement(f"{item.name}=={item.version}", PINNED)


def _changes(first: Lock, found: Lock) -> Iterator[str]:
    for before in first.artifacts:
        after = found.find(before.name)
        if after is None or after.version != before.version:
            yield f"{before.name} is {after.version if after else 'left out'} instead of {before.version}"


def _unanswered(detection: Detection, engine: str) -> EngineFailed:
    listed = "`seldon-python plugins` lists what is loaded"
    if detection.locker:
        reason = f"the resolver {detection.resolver!r} wants it, and no plugin answers to that name."
        return EngineFailed(engine, reason, hint=f"install the plugin that does; {listed}")
    return EngineFailed(
        engine, "no plugin answers to it.", hint=f"the engines are uv and pip-tools; {listed}"
    )


def _roots(detection: Detection, lock: Lock) -> tuple[str, ...]:
    asked = {item.name for item in detection.requirements if is_own(item)}
    return tuple(sorted({*lock.roots, *(name for name in asked if lock.find(name))}))


def is_own(requirement: Requirement) -> bool:
    """Tell whether the model asks for this, not the runtime or an import that older images served."""
    return requirement.origin != RUNTIME and " imports " not in requirement.origin
