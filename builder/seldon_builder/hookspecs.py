"""The whole contract of build-side plugins.

A plugin is a module with functions marked ``@seldon_builder.hookimpl``, registered as an entry point of the
group ``seldon``. An implementation may take fewer arguments than its hook offers. docs/hooks.md has an
example of each.
"""

from __future__ import annotations

import pluggy

from .destination import Destination, Output
from .detection import Detection
from .events import Emit, Event
from .image import Image
from .interpreter import Interpreter
from .layer import Layer
from .lock import Lock
from .package_index import PackageIndex
from .refusal import Refusal
from .settings import Settings
from .source import Source
from .store import Store
from .target import Target

PROJECT = "seldon"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def seldon_detect(source: Source, settings: Settings) -> Detection | None:
    """Return what the source needs installed, or None if its files are not yours.

    The first answer is used, later plugins first; a build tells of the others' files that it does not use.
    """


@hookspec
def seldon_package_index(source: Source, settings: Settings) -> PackageIndex | None:
    """Return where packages may come from, or None; all answers are merged, later plugins first."""


@hookspec(firstresult=True)
def seldon_lock(
    detection: Detection,
    target: Target,
    index: PackageIndex,
    engine: str,
    store: Store,
    emit: Emit,
    interpreter: Interpreter | None,
) -> Lock | None:
    """Resolve ``detection`` for ``target`` to exact artifacts, or None if ``engine`` is not you.

    ``engine`` is the detection's ``locker``, else what the user named, or "uv". The caller fills in sizes,
    order, ``inputs`` and ``roots``. ``interpreter`` is the target's own, for engines that only know where
    they run.
    """


@hookspec(firstresult=True)
def seldon_layers(
    lock: Lock, target: Target, store: Store, interpreter: Interpreter | None, emit: Emit
) -> tuple[Layer, ...] | None:
    """Make the layers of a lock whose ``kind`` is yours, bottom first, their bytecode last.

    Every artifact is already in ``store``. Without an interpreter no bytecode is wanted.
    """


@hookspec(firstresult=True)
def seldon_destination(output: Output, store: Store, emit: Emit) -> Destination | None:
    """Return what writes images to ``output``, or None if its kind is not yours."""


@hookspec
def seldon_event(event: Event) -> None:
    """Hear what the build does."""


@hookspec
def seldon_check(image: Image) -> Refusal | None:
    """Return why this image must not be written, or None; every refusal is reported."""
