"""Layers of conda packages: one for each big package, shared ones for the small, wheels of `pip:` above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from seldon_builder.digest import Digest
from seldon_builder.entry import PartOfFile
from seldon_builder.errors.conda import CondaPackageMalformed
from seldon_builder.events import Emit, warning
from seldon_builder.interpreter import Interpreter
from seldon_builder.layer import Layer, LayerKind
from seldon_builder.layers.bytecode import Recipe
from seldon_builder.layers.compiling import Compiler
from seldon_builder.layers.packing import cache_key
from seldon_builder.layers.planner import plan
from seldon_builder.layers.wheel_requirements import needed_by
from seldon_builder.lock import CONDA, WHEEL, Artifact, Lock
from seldon_builder.prefix import DEPENDENCIES
from seldon_builder.store import BlobWriter, Store
from seldon_builder.target import Target
from seldon_runtime.plugins import requirements

from ..dependency_layers import Floor, Packing, layers_of, wheel_packing
from .activation import activation_layer
from .installed import Installed, installed


def environment_layers(
    lock: Lock, target: Target, store: Store, interpreter: Interpreter | None, emit: Emit
) -> tuple[Layer, ...]:
    """Make the layers of an environment: packages, wheels, their bytecode, activation."""
    found = installed(lock, target.python, store)
    own = lock.own_python
    if own is not None and not found.has_python:
        reason = f"it holds no CPython {target.python} at its usual places (bin, lib/python{target.python})"
        raise CondaPackageMalformed(own.filename, reason)
    for message in found.warnings:
        emit(warning("layers", message))
    compiler = Compiler(interpreter) if interpreter else None
    packings = {
        CONDA: conda_packing(found, target.python, store, compiler),
        WHEEL: wheel_packing(target, store),
    }
    wheels = tuple(artifact for artifact in lock.artifacts if artifact.kind != CONDA)
    server = needed_by(requirements(), replace(lock, artifacts=wheels), target, store)
    layers = layers_of(plan(lock, server), Floor(target, store, compiler, emit, packings))
    return (*layers, activation_layer(lock, found, target.python, store))


def conda_packing(found: Installed, python: str, store: Store, compiler: Compiler | None) -> Packing:
    """Return how the packages of an environment are packed."""

    def filed(artifact: Artifact) -> str:
        # A layer depends on the package alone, but where another package has one of its files.
        lost = found.lost.get(artifact.sha256.hex, frozenset())
        return " ".join((artifact.sha256.hex, python, *sorted(lost)))

    def key(artifacts: Sequence[Artifact]) -> Digest:
        return cache_key("conda", DEPENDENCIES, *map(filed, artifacts))

    def layer(artifacts: Sequence[Artifact], created_by: str) -> Layer:
        pack = partial(_pack, artifacts=artifacts, found=found, python=python, store=store)
        return store.layer(key(artifacts), LayerKind.DEPENDENCIES, created_by, pack)

    if compiler is None:
        return Packing(key, layer)
    make = partial(_bytecode, found=found, python=python, store=store, compiler=compiler)
    return Packing(key, layer, Recipe(make, filed))


def _pack(
    writer: BlobWriter, *, artifacts: Sequence[Artifact], found: Installed, python: str, store: Store
) -> tuple[Digest, int]:
    from contextlib import ExitStack

    from seldon_builder.layers.encoder import PlainEncoder
    from seldon_builder.layers.packing import write_tar

    from .archive import open_package
    from .linking import package_entries

    encoder = PlainEncoder(writer)
    with ExitStack() as opened:
        entries = []
        for artifact in artifacts:
            package = opened.enter_context(open_package(store, artifact))
            lost = found.lost.get(artifact.sha256.hex, frozenset())
            entries += package_entries(package, artifact, python, lost)
        write_tar(encoder, entries)
    return encoder.finish()


def _bytecode(
    artifact: Artifact,
    results: BinaryIO,
    *,
    found: Installed,
    python: str,
    store: Store,
    compiler: Compiler,
) -> dict[str, PartOfFile]:
    from .bytecode import bytecode_of

    lost = found.lost.get(artifact.sha256.hex, frozenset())
    return bytecode_of(artifact, results, store=store, python=python, compiler=compiler, lost=lost)
