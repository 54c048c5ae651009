"""Layers of a lock of wheels: one for each big wheel, shared ones for the small, their bytecode on top."""

from __future__ import annotations

from seldon_builder import hookimpl
from seldon_builder.events import Emit
from seldon_builder.interpreter import Interpreter
from seldon_builder.layer import Layer
from seldon_builder.layers.compiling import Compiler
from seldon_builder.layers.planner import plan
from seldon_builder.layers.wheel_requirements import needed_by
from seldon_builder.lock import WHEEL, Lock, LockFile
from seldon_builder.source import Source
from seldon_builder.store import Store
from seldon_builder.target import Target
from seldon_runtime.plugins import requirements

from .dependency_layers import Floor, layers_of, wheel_packing

KIND = "wheels"
FILE = "pylock.toml"


@hookimpl
def seldon_layers(
    lock: Lock, target: Target, store: Store, interpreter: Interpreter | None, emit: Emit
) -> tuple[Layer, ...] | None:
    """Make the layers of wheels, and of their bytecode where there is an interpreter."""
    if lock.kind != KIND:
        return None
    groups = plan(lock, needed_by(requirements(), lock, target, store))
    compiler = Compiler(interpreter) if interpreter else None
    return layers_of(groups, Floor(target, store, compiler, emit, {WHEEL: wheel_packing(target, store)}))


@hookimpl
def seldon_export(lock: Lock, source: Source, store: Store) -> LockFile | None:
    """Write a lock of wheels as ``pylock.toml`` (PEP 751)."""
    if lock.kind != KIND:
        return None
    from seldon_builder.dependencies.resolution import export

    return LockFile(FILE, export(lock, source, store))
