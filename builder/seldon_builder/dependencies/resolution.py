"""From what a source asks for to the exact artifacts of its image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

from ..detection import Detection, Requirement
from ..errors.resolution import (
    ArtifactCorrupt,
    BadLine,
    HashMismatch,
    IndexUnreachable,
    LockOutdated,
    ResolutionConflict,
)
from ..events import Emit, decision, silent, warning
from ..lock import Artifact, Lock
from ..source import Source
from ..store import Store
from . import pylock
from .built_wheels import with_built
from .fetch import fetch
from .imports import SHARED, Imports, imports_of
from .lock_cache import Inputs, as_locked, facts_of, keep_lock
from .older_wrappers import CARRIED, providers
from .provided import modules_of
from .resolver import RUNTIME, Resolver, is_own, pins_of

NOTHING_ASKED = Detection("none", (), "the source has no dependency file")


def lock_for(
    source: Source,
    detection: Detection | None,
    resolver: Resolver,
    *,
    runtime_requirements: Sequence[str] = (),
    exported: bool = True,
    upgrade: Sequence[str] = (),
) -> Lock:
    """Lock what ``source`` and the runtime need: every artifact in the store, in the order of the layers.

    The lock in the source holds (LockOutdated where it no longer answers), unless ``exported`` is off to make
    it anew; else one that was made of the same inputs; else the engine makes one. Made anew, it keeps the
    versions of the one before where they still satisfy, but those of ``upgrade``.
    """
    resolver = replace(resolver, root=source.root)
    wanted = resolver.prepared(ask(detection or NOTHING_ASKED, runtime_requirements))
    if wanted.locker and not exported:
        wanted = replace(wanted, is_relocked=True, upgrade=tuple(upgrade))
    # What a file of the model says wins over the user's variables, as pip has it.
    resolver = replace(resolver, index=wanted.index.merged(resolver.index))
    imports = imports_of(source)
    known = _exported(source, resolver) if exported else _before(source, resolver)
    if known and exported:
        lock = _from_exported(known, wanted, imports, resolver)
    else:
        with _fixes_told(wanted, resolver):
            lock = _anew(known, wanted, imports, resolver, upgrade)
    _warn(imports, lock, resolver.store, resolver.emit)
    return lock


@contextmanager
def _fixes_told(wanted: Detection, resolver: Resolver) -> Iterator[None]:
    """Let a conflict say how it is solved."""
    try:
        yield
    except ResolutionConflict as error:
        if wanted.locker:
            raise
        from .conflict_fixes import with_fixes

        # Nothing is built only to find out what would help.
        quiet = replace(resolver, emit=silent, preferred=(), builder=None)
        raise with_fixes(error, wanted, quiet.ask_engine, is_own) from error


def ask(
    detection: Detection, runtime_requirements: Sequence[str], carried: Sequence[Requirement] = ()
) -> Detection:
    """Join what the model asks for with what the runtime needs and what older images carried."""
    runtime = (Requirement(line, RUNTIME) for line in runtime_requirements)
    return replace(detection, requirements=(*detection.requirements, *runtime, *carried))


def export(lock: Lock, source: Source, store: Store) -> str:
    """Make the text of ``pylock.toml`` for a lock that ``lock_for`` made without looking at such a file."""
    return pylock.write_pylock(pylock.ExportedLock(lock, facts_of(store, lock)), source.root)


def _before(source: Source, resolver: Resolver) -> pylock.ExportedLock | None:
    """Return the lock in the source that is about to be replaced; None where it cannot be read."""
    try:
        return _exported(source, resolver)
    except LockOutdated as error:
        resolver.emit(warning("lock", f"{error.message}\nIt is made anew, keeping nothing."))
        return None


def _anew(
    known: pylock.ExportedLock | None,
    wanted: Detection,
    imports: Imports,
    resolver: Resolver,
    upgrade: Sequence[str],
) -> Lock:
    """Make a lock for the source, which is the one that it has wherever that still holds."""
    if wanted.locker:
        return _locked(wanted, imports, replace(resolver, refresh=bool(upgrade) or resolver.refresh))
    if known is None and not upgrade:
        return _locked(wanted, imports, resolver)
    from .upgrade import relocking

    asking = relocking(resolver, known, upgrade)
    if known is None:
        return _locked(wanted, imports, asking)
    inputs = Inputs(known.asked)
    if not upgrade and not resolver.refresh and inputs.digest == known.lock.inputs:
        # Where it no longer holds, or what it names is gone, the engine is asked.
        with suppress(LockOutdated, ArtifactCorrupt, IndexUnreachable):
            lock = _from_exported(known, wanted, imports, resolver)
            keep_lock(resolver.store, inputs, lock)
            return lock
    return _reordered(_locked(wanted, imports, asking), known.lock)


def _locked(wanted: Detection, imports: Imports, resolver: Resolver) -> Lock:
    lock = resolver.known(wanted) or _first(wanted, resolver)
    if carried := tuple(_carried(imports, lock)):
        wanted = ask(wanted, (), carried)
        lock = resolver.known(wanted) or _resolved_with(carried, lock, wanted, resolver)
    if not all(artifact.size for artifact in lock.artifacts):
        # Its wheels were never fetched, so nobody has checked it yet.
        from .index_checks import tell_of_shared_names

        _check_hashes(wanted, lock, resolver)
        tell_of_shared_names(lock, resolver.index, resolver.emit)
    fetched = resolver.fetched(lock, wanted)
    if fetched is lock:
        resolver.emit(decision("lock", "Reusing the lock: nothing that was asked for has changed"))
    return fetched


def _first(wanted: Detection, resolver: Resolver) -> Lock:
    from .index_checks import refuse_broken

    # What lies in a local folder is no business of an index.
    names = (item.name for item in wanted.requirements if item.name and not resolver.has_local(item.name))
    refuse_broken(resolver.index, next(names, "pip"))
    return resolver.resolve(wanted, resolver.alone(wanted))


def _resolved_with(
    carried: Sequence[Requirement], first: Lock, wanted: Detection, resolver: Resolver
) -> Lock:
    for requirement in carried:
        reason = f"{requirement.origin} and nothing that was asked for brings it"
        resolver.emit(decision("lock", f"Adding {requirement.line}: {reason}; older images carried it"))
    return resolver.resolve(wanted, None if wanted.locker else first)


def _carried(imports: Imports, lock: Lock) -> Iterator[Requirement]:
    for item in imports.modules:
        if item.module in CARRIED and not any(lock.find(name) for name in providers(item.module)):
            yield Requirement(CARRIED[item.module], f"{item.file}:{item.line} imports {item.module}")


def _check_hashes(wanted: Detection, lock: Lock, resolver: Resolver) -> None:
    """Hold a hashed requirements file to its word: nothing else may come in, but what the runtime needs."""
    if "--require-hashes" not in wanted.options:
        return
    listed = {item.name for item in wanted.requirements if item.hashes}
    unlisted = [artifact for artifact in lock.artifacts if artifact.name not in listed]
    others = tuple(item for item in wanted.requirements if not is_own(item))
    if not unlisted or not others:
        allowed = frozenset[str]()
    else:
        runtime = replace(wanted, requirements=others, constraints=pins_of(lock), options=())
        allowed = frozenset(artifact.name for artifact in resolver.resolved(runtime).artifacts)
    bad = [
        BadLine("needed by another package", f"{item.name}=={item.version}", "it has no hash in the file")
        for item in unlisted
        if item.name not in allowed
    ]
    if bad:
        raise HashMismatch(bad)


def _exported(source: Source, resolver: Resolver) -> pylock.ExportedLock | None:
    names = (pylock.file_of(resolver.target.platform), pylock.FILE)
    name = next((name for name in names if source.has(name)), "")
    if not name:
        return None
    try:
        found = pylock.read_pylock(source.read(name).decode(errors="replace"), source.root)
    except pylock.PylockInvalid as error:
        raise LockOutdated(name, [str(error)], resolver.lock_command) from error
    return replace(found, name=name) if found else None


def _from_exported(
    known: pylock.ExportedLock, wanted: Detection, imports: Imports, resolver: Resolver
) -> Lock:
    """Check that the lock in the source answers what is asked now, and fetch it."""
    resolver = replace(resolver, target=as_locked(resolver.target, known.asked))
    plain = resolver.inputs(wanted)
    # What older images carried was added when the lock was made; whether it is imported still is no matter.
    carried = tuple(
        Requirement(line, known.name)
        for line in sorted(set(CARRIED.values()))
        if f"requirement {line}" in known.asked and f"requirement {line}" not in plain.facts
    )
    # A folder that was filled from this lock changes nothing of it.
    inputs = resolver.inputs(ask(wanted, (), carried)).without_copies(known.lock, known.asked)
    missing = [f"added:   {item.origin}" for item in _carried(imports, known.lock)]
    if inputs.digest != known.lock.inputs or missing:
        changes = (*inputs.changes_since(known.asked), *missing)
        changes = changes or ("it was changed by hand, or another release wrote it",)
        raise LockOutdated(known.name, changes, resolver.lock_command)
    resolver.emit(decision("lock", f"Using {known.name} of the source: it matches what is asked for"))
    lock = with_built(known.lock, wanted.requirements, resolver.store)
    return fetch(lock, resolver.index, resolver.store, resolver.emit)


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
