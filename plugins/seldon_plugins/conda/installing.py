"""Environments of conda as layers, and the Python that they bring."""

from __future__ import annotations

from seldon_builder import hookimpl
from seldon_builder.base import Base
from seldon_builder.events import Emit
from seldon_builder.interpreter import Interpreter
from seldon_builder.layer import Layer
from seldon_builder.lock import Lock
from seldon_builder.store import Store
from seldon_builder.target import Target

KIND = "conda"


@hookimpl
def seldon_base(lock: Lock, base: Base, store: Store, emit: Emit) -> Base | None:
    """Let conda's Python, where the lock has one, serve in place of the base's."""
    if lock.own_python is None:
        return None
    from .base import base_with_python

    return base_with_python(lock, lock.own_python, base, store, emit)


@hookimpl
def seldon_layers(
    lock: Lock, target: Target, store: Store, interpreter: Interpreter | None, emit: Emit
) -> tuple[Layer, ...] | None:
    """Make the layers of conda's packages and of the wheels beside them."""
    if lock.kind != KIND:
        return None
    from .layers import environment_layers

    return environment_layers(lock, target, store, interpreter, emit)
