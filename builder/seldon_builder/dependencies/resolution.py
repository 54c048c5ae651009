"""From what a source asks for to the exact artifacts of its image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pluggy

from ..detection import Detection, Requirement
from ..errors.resolution import (
    BadLine,
    EngineFailed,
    HashMismatch,
    LockOutdated,
    PackageWithoutWheel,
    ResolutionConflict,
    VersionNotFound,
)
from ..events import Emit, decision, warning
from ..interpreter import Interpreter
from ..lock import Artifact, Lock
from ..package_index import PackageIndex
from ..settings import Settings
from ..source import Source
from ..store import Store
from ..target import Target
from . import pylock
from .fetch import fetch
from .imports import SHARED, Imports, imports_of
from .lock_cache import Inputs, as_locked, cached_lock, facts_of, inputs_of, keep_lock
from .older_wrappers import CARRIED, providers
from .provided import modules_of

RUNTIME = "the runtime"
PINNED = "the lock"
NOTHING_ASKED = Detection("none", (), "the source has no dependency file")


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

    def inputs(self, detection: Detection) -> Inputs:
        """Gather all that the lock of ``detection`` depends on."""
        return inputs_of(detection, self.target, self.index, self.engine, self.store)

    def resolved(self, detection: Detection) -> Lock:
        """Return the lock that is known for ``detection``, else the engine's, its wheels not yet fetched."""
        return self.known(detection) or self.resolve(detection)

    def known(self, detection: Detection) -> Lock | None:
        """Return the lock that was made for ``detection``; None where the engine must be asked."""
        return None if self.refresh else cached_lock(self.store, self.inputs(detection))

    def resolve(self, detection: Detection, first: Lock | None = None) -> Lock:
        """Ask the engine, or whom the detection names, and keep its lock.

        What ``first`` has, which a part of ``detection`` led to, keeps its version unless that cannot be.
        """
        found = self._answer(detection, first)
        self.emit(decision("lock", f"Locked {len(found.artifacts)} distributions with {found.engine}"))
        # Without its size a wheel is known not to be fetched yet, and the lock not to be in order.
        artifacts = tuple(replace(artifact, size=0) for artifact in found.artifacts)
        inputs, roots = self.inputs(detection), _roots(detection, found)
        lock = replace(found, inputs=inputs.digest, roots=roots, artifacts=artifacts)
        keep_lock(self.store, inputs, lock)
        return lock

    def _answer(self, detection: Detection, first: Lock | None) -> Lock:
        if first is None:
            return self.ask_engine(detection)
        pins = (*detection.constraints, *_pins(first))
        try:
            return self.ask_engine(replace(detection, constraints=pins))
        except (PackageWithoutWheel, ResolutionConflict, VersionNotFound):
            # Together they have other versions, or none: then this tells which lines exclude each other.
            found = self.ask_engine(detection)
        for change in _changes(first, found):
            self.emit(warning("lock", f"{change}: what the server needs does not go with it"))
        return found

    def alone(self, detection: Detection) -> Lock | None:
        """Resolve what the model itself asks for, so that nothing else changes it; None for nothing."""
        own = tuple(item for item in detection.requirements if _is_own(item))
        # A locker has its own idea of what may change.
        return self.ask_engine(replace(detection, requirements=own)) if own and not detection.locker else None

    def ask_engine(self, detection: Detection) -> Lock:
        """Return the answer of the engine, or of whom the detection names."""
        engine = detection.locker or self.engine
        found: Lock | None = self.hooks.seldon_lock(
            detection=detection,
            target=self.target,
            index=self.index,
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


def lock_for(
    source: Source,
    detection: Detection | None,
    target: Target,
    index: PackageIndex,
    engine: str,
    hooks: pluggy.HookRelay,
    store: Store,
    emit: Emit,
    *,
    runtime_requirements: Sequence[str] = (),
    interpreter: Interpreter | None = None,
    refresh: bool = False,
    exported: bool = True,
    lock_command: str = "seldon-python lock",
) -> Lock:
    """Lock what ``source`` and the runtime need: every artifact in the store, in the order of the layers.

    The lock in the source holds (LockOutdated where it no longer answers), unless ``exported`` is off to make
    it anew; else one that was made of the same inputs; else the engine makes one. ``refresh`` asks the engine
    whatever the store knows. ``lock_command`` is what makes the lock in the source anew.
    """
    wanted = ask(detection or NOTHING_ASKED, runtime_requirements)
    # What a file of the model says wins over the user's variables, as pip has it.
    index = wanted.index.merged(index)
    resolver = Resolver(target, index, engine, hooks, store, emit, interpreter, refresh, lock_command)
    imports = imports_of(source)
    known = _exported(source, resolver)
    if known and exported:
        lock = _from_exported(known, wanted, imports, resolver)
    else:
        lock = _locked(wanted, imports, resolver)
        lock = _reordered(lock, known.lock) if known else lock
    _warn(imports, lock, store, emit)
    return lock


def ask(
    detection: Detection, runtime_requirements: Sequence[str], carried: Sequence[Requirement] = ()
) -> Detection:
    """Join what the model asks for with what the runtime needs and what older images carried."""
    runtime = (Requirement(line, RUNTIME) for line in runtime_requirements)
    return replace(detection, requirements=(*detection.requirements, *runtime, *carried))


def export(lock: Lock, source: Source, store: Store) -> str:
    """Make the text of ``pylock.toml`` for a lock that ``lock_for`` made without looking at such a file."""
    return pylock.write_pylock(pylock.ExportedLock(lock, facts_of(store, lock)), source.root)


def _locked(wanted: Detection, imports: Imports, resolver: Resolver) -> Lock:
    lock = resolver.known(wanted) or resolver.resolve(wanted, resolver.alone(wanted))
    if carried := tuple(_carried(imports, lock)):
        wanted = ask(wanted, (), carried)
        lock = resolver.known(wanted) or _resolved_with(carried, lock, wanted, resolver)
    if not all(artifact.size for artifact in lock.artifacts):
        # Its wheels were never fetched, so nobody has checked it yet.
        _check_hashes(wanted, lock, resolver)
    fetched = resolver.fetched(lock, wanted)
    if fetched is lock:
        resolver.emit(decision("lock", "Reusing the lock: nothing that was asked for has changed"))
    return fetched


def _pins(lock: Lock) -> tuple[Requirement, ...]:
    return tuple(Requirement(f"{item.name}=={item.version}", PINNED) for item in lock.artifacts)


def _changes(first: Lock, found: Lock) -> Iterator[str]:
    for before in first.artifacts:
        after = found.find(before.name)
        if after is None or after.version != before.version:
            yield f"{before.name} is {after.version if after else 'left out'} instead of {before.version}"


def _resolved_with(
    carried: Sequence[Requirement], first: Lock, wanted: Detection, resolver: Resolver
) -> Lock:
    for requirement in carried:
        reason = f"{requirement.origin} and nothing that was asked for brings it"
        resolver.emit(decision("lock", f"Adding {requirement.line}: {reason}; older images carried it"))
    return resolver.resolve(wanted, None if wanted.locker else first)


def _unanswered(detection: Detection, engine: str) -> EngineFailed:
    listed = "`seldon-python plugins` lists what is loaded"
    if detection.locker:
        reason = f"the resolver {detection.resolver!r} wants it, and no plugin answers to that name."
        return EngineFailed(engine, reason, hint=f"install the plugin that does; {listed}")
    return EngineFailed(
        engine, "no plugin answers to it.", hint=f"the engines are uv and pip-tools; {listed}"
    )


def _carried(imports: Imports, lock: Lock) -> Iterator[Requirement]:
    for item in imports.modules:
        if item.module in CARRIED and not any(lock.find(name) for name in providers(item.module)):
            yield Requirement(CARRIED[item.module], f"{item.file}:{item.line} imports {item.module}")


def _roots(detection: Detection, lock: Lock) -> tuple[str, ...]:
    asked = {item.name for item in detection.requirements if _is_own(item)}
    return tuple(sorted(name for name in asked if lock.find(name)))


def _is_own(requirement: Requirement) -> bool:
    return requirement.origin != RUNTIME and " imports " not in requirement.origin


def _check_hashes(wanted: Detection, lock: Lock, resolver: Resolver) -> None:
    """Hold a hashed requirements file to its word: nothing else may come in, but what the runtime needs."""
    if "--require-hashes" not in wanted.options:
        return
    listed = {item.name for item in wanted.requirements if item.hashes}
    unlisted = [artifact for artifact in lock.artifacts if artifact.name not in listed]
    others = tuple(item for item in wanted.requirements if not _is_own(item))
    if not unlisted or not others:
        allowed = frozenset[str]()
    else:
        runtime = replace(wanted, requirements=others, constraints=_pins(lock), options=())
        allowed = frozenset(artifact.name for artifact in resolver.resolved(runtime).artifacts)
    bad = [
        BadLine("needed by another package", f"{item.name}=={item.version}", "it has no hash in the file")
        for item in unlisted
        if item.name not in allowed
    ]
    if bad:
        raise HashMismatch(bad)


def _exported(source: Source, resolver: Resolver) -> pylock.ExportedLock | None:
    if not source.has(pylock.FILE):
        return None
    try:
        found = pylock.read_pylock(source.read(pylock.FILE).decode(errors="replace"), source.root)
    except pylock.PylockInvalid as error:
        raise LockOutdated(pylock.FILE, [str(error)], resolver.lock_command) from error
    if found is None:
        resolver.emit(decision("lock", f"Not using {pylock.FILE}: another tool wrote it"))
    return found


def _from_exported(
    known: pylock.ExportedLock, wanted: Detection, imports: Imports, resolver: Resolver
) -> Lock:
    """Check that the lock in the source answers what is asked now, and fetch it."""
    resolver = replace(resolver, target=as_locked(resolver.target, known.asked))
    plain = resolver.inputs(wanted)
    # What older images carried was added when the lock was made; whether it is imported still is no matter.
    carried = tuple(
        Requirement(line, pylock.FILE)
        for line in sorted(set(CARRIED.values()))
        if f"requirement {line}" in known.asked and f"requirement {line}" not in plain.facts
    )
    inputs = resolver.inputs(ask(wanted, (), carried))
    missing = [f"added:   {item.origin}" for item in _carried(imports, known.lock)]
    if inputs.digest != known.lock.inputs or missing:
        changes = (*inputs.changes_since(known.asked), *missing)
        changes = changes or ("it was changed by hand, or another release wrote it",)
        raise LockOutdated(pylock.FILE, changes, resolver.lock_command)
    resolver.emit(decision("lock", f"Using {pylock.FILE} of the source: it matches what is asked for"))
    return fetch(known.lock, resolver.index, resolver.store, resolver.emit)


def _reordered(lock: Lock, previous: Lock) -> Lock:
    from ..layers.planner import relocked_order

    artifacts: Sequence[Artifact] = relocked_order(previous, lock.artifacts)
    return lock.with_artifacts(tuple(artifacts))


def _warn(imports: Imports, lock: Lock, store: Store, emit: Emit) -> None:
    """Tell of what the code imports and nothing provides; the image may still serve without it."""
    for reason in imports.unreadable:
        emit(warning("lock", f"Not looking for imports in a file that is not Python: {reason}"))
    unnamed = [
        item
        for item in imports.modules
        if not item.optional
        and item.module.partition(".")[0] not in SHARED
        and not any(lock.find(name) for name in providers(item.module))
    ]
    provided = modules_of(lock, store) if unnamed else frozenset[str]()
    for item in sorted(unnamed, key=lambda item: (item.file, item.line)):
        if item.module not in provided:
            hint = f"add {providers(item.module)[0]}"
            where = f"{item.file}:{item.line} imports {item.module}"
            emit(warning("lock", f"{where}, which no requirement provides: {hint}"))


def detected(hooks: pluggy.HookRelay, source: Source, settings: Settings, emit: Emit) -> Detection | None:
    """Ask the resolvers whose files these are; the first answer counts, and what it leaves unused is told."""
    found: list[Detection] = hooks.seldon_detect(source=source, settings=settings)
    if not found:
        return None
    used, *others = found
    emit(decision("detect", f"{used.resolver}: {used.reason}"))
    for other in others:
        unused = [file for file in other.files if file not in used.files] or [other.resolver]
        why = f"the resolver {used.resolver} comes before {other.resolver}"
        emit(decision("detect", f"Not using {', '.join(unused)}: {why}"))
    return used
