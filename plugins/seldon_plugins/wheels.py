"""Layers of a lock of wheels: one for each big wheel, shared ones for the small, their bytecode on top."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from seldon_builder import hookimpl
from seldon_builder.events import Emit, decision, progress
from seldon_builder.interpreter import Interpreter
from seldon_builder.layer import Layer, LayerKind
from seldon_builder.layers.bytecode import bytecode_layer, is_compiled
from seldon_builder.layers.compiling import Compiler
from seldon_builder.layers.planner import Group, plan
from seldon_builder.layers.wheel import wheel_layer, wheels_key
from seldon_builder.layers.wheel_requirements import needed_by
from seldon_builder.lock import Lock, LockFile
from seldon_builder.source import Source
from seldon_builder.store import Store
from seldon_builder.target import Target
from seldon_runtime.plugins import requirements

KIND = "wheels"
FILE = "pylock.toml"
Task = Callable[[], Layer | None]


@hookimpl
def seldon_layers(
    lock: Lock, target: Target, store: Store, interpreter: Interpreter | None, emit: Emit
) -> tuple[Layer, ...] | None:
    """Make the layers of wheels, and of their bytecode where there is an interpreter."""
    if lock.kind != KIND:
        return None
    groups = plan(lock, needed_by(requirements(), lock, target, store))
    compiler = Compiler(interpreter) if interpreter else None
    tasks = _bytecode_tasks(groups, target, store, compiler)
    waiting = [
        group for group in tasks if compiler and not is_compiled(store, group.artifacts, compiler.identity)
    ]
    with _in_background([tasks[group] for group in waiting]) as compiled:
        packed = _pack(groups, target, store, emit)
        made = dict(zip(waiting, _told(compiled, waiting, emit), strict=True))
    bytecode = [made[group] if group in made else task() for group, task in tasks.items()]
    return (*packed, *(layer for layer in bytecode if layer))


@hookimpl
def seldon_export(lock: Lock, source: Source, store: Store) -> LockFile | None:
    """Write a lock of wheels as ``pylock.toml`` (PEP 751)."""
    if lock.kind != KIND:
        return None
    from seldon_builder.dependencies.resolution import export

    return LockFile(FILE, export(lock, source, store))


def _pack(groups: Sequence[Group], target: Target, store: Store, emit: Emit) -> list[Layer]:
    def is_known(group: Group) -> bool:
        key = wheels_key(group.artifacts, target.python)
        return store.known_layer(key, LayerKind.DEPENDENCIES, group.name) is not None

    missing = {group for group in groups if not is_known(group)}
    if len(missing) < len(groups):
        emit(decision("layers", f"Reusing {len(groups) - len(missing)} of {len(groups)} dependency layers"))
    done, total, layers = 0, sum(group.size for group in missing), []
    for group in groups:
        if group in missing:
            emit(progress("layers", f"Packing {group.name}", done, total))
            done += group.size
        layers.append(wheel_layer(store, group.artifacts, target, group.name))
    if missing:
        emit(progress("layers", f"Packed {len(missing)} dependency layers", done, total))
    return layers


def _bytecode_tasks(
    groups: Sequence[Group], target: Target, store: Store, compiler: Compiler | None
) -> dict[Group, Task]:
    if compiler is None:
        return {}

    def task(group: Group) -> Task:
        created_by = f"Bytecode of {group.name}"
        return partial(bytecode_layer, store, group.artifacts, target, compiler, created_by)

    return {group: task(group) for group in groups}


def _told(compiled: Iterator[Layer | None], groups: Sequence[Group], emit: Emit) -> Iterator[Layer | None]:
    done, total = 0, sum(group.size for group in groups)
    for group in groups:
        emit(progress("bytecode", f"Compiling {group.name}", done, total))
        yield next(compiled)
        done += group.size
    if groups:
        emit(progress("bytecode", f"Compiled {len(groups)} dependency layers", done, total))


@contextmanager
def _in_background(tasks: Sequence[Task]) -> Iterator[Iterator[Layer | None]]:
    """Work on ``tasks`` while the caller does something else, which then takes their results in order."""
    if not tasks:
        yield iter(())
        return
    from concurrent.futures import ThreadPoolExecutor

    # Two, so that one's processes compile while the other packs what is compiled.
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(task) for task in tasks]
        try:
            yield (future.result() for future in futures)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
