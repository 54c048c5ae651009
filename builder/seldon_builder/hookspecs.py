"""The whole contract of build-side plugins.

A plugin is a module with functions marked ``@seldon_builder.hookimpl``, registered as an entry point of the
group ``seldon``. An implementation may take fewer arguments than its hook offers. docs/hooks.md has an
example of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pluggy

from .destination import Destination, Output
from .detection import Detection
from .events import Emit, Event
from .folders import Folders
from .image import Image
from .interpreter import Interpreter
from .layer import Layer
from .lock import Lock, LockFile
from .package_index import PackageIndex
from .refusal import Refusal
from .settings import Settings
from .source import Source
from .store import Store
from .target import Target

if TYPE_CHECKING:
    from .base import Base

PROJECT = "seldon"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def seldon_detect(source: Source, settings: Settings) -> Detection | None:
    """Return that you claim the source, from which files and why, or None if its files are not yours.

    Look whether the files are there, not what is wrong with them: another resolver may win. The lowest
    ``rank`` is used, among equals later plugins first; a build tells of the files that it does not use.
    A resolver that reads its files at once may return all that they say.
    """


@hookspec(firstresult=True)
def seldon_read(detection: Detection, source: Source, settings: Settings) -> Detection | None:
    """Read what the files of ``detection`` ask for, or None if its ``resolver`` is not you.

    Only the detection that is used is read. Return it with its requirements, and all its files.
    """


@hookspec
def seldon_package_index(source: Source, settings: Settings, folders: Folders) -> PackageIndex | None:
    """Return where packages may come from, or None; all answers are merged, later plugins first.

    ``folders`` are those of whoever called, for the settings that their other tools heed.
    """


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
def seldon_base(lock: Lock, base: Base, store: Store, emit: Emit) -> Base | None:
    """Return ``base`` with the Python that ``lock`` itself brings, or None where it brings none.

    Its target, files and interpreter are then those of all that follows.
    """


@hookspec(firstresult=True)
def seldon_export(lock: Lock, source: Source, store: Store, others: Mapping[str, str]) -> LockFile | None:
    """Return the file that ``seldon-python lock`` writes for a lock whose ``kind`` is yours.

    ``others`` are the texts, by name, that were made for other platforms just before.
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
