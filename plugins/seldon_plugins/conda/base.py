"""The base as the packages of an environment see it: with the Python that conda brings."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from seldon_builder.base import Base
from seldon_builder.base.rootfs import unpack
from seldon_builder.events import Emit
from seldon_builder.layer import Layer
from seldon_builder.lock import CONDA, Artifact, Lock, canonical_name
from seldon_builder.prefix import DEPENDENCIES
from seldon_builder.store import Store

from .installed import installed
from .layers import conda_packing


def base_with_python(lock: Lock, python: Artifact, base: Base, store: Store, emit: Emit) -> Base:
    """Return ``base`` with the ``python`` of the lock, whose files are unpacked only when it must run."""
    minor = ".".join(python.version.split(".")[:2])
    target = replace(
        base.target, python_version=python.version, python_path=f"{DEPENDENCIES}/bin/python{minor}"
    )
    return Base(
        base.image,
        target,
        f"{base.name} with conda's Python",
        partial(_rootfs, lock, minor, base, store, emit),
        # Whoever makes a channel may make another Python of the same version.
        python_identity=f"{python.version} conda {python.sha256}",
    )


def _rootfs(lock: Lock, python: str, base: Base, store: Store, emit: Emit) -> Path:
    """Unpack the base and what Python needs of the environment, which seldom changes."""
    return unpack(base.image.with_layers(*_layers(lock, python, store)), store, emit)


def _layers(lock: Lock, python: str, store: Store) -> list[Layer]:
    found = installed(lock, python, store)
    packing = conda_packing(found, python, store, None)
    behind = [
        item
        for item in lock.artifacts
        if item.kind == CONDA and canonical_name(item.name) in found.behind_python
    ]
    return [packing.layer([artifact], f"{artifact.name} {artifact.version}") for artifact in behind]
