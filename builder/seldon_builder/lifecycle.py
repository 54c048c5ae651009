"""How a model travels from a folder to an image: the whole story on one screen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pluggy
from seldon_runtime.plugins import requirements

from . import base
from .base.base_interpreter import interpreter_of
from .dependencies import resolution
from .destination import Written
from .errors.plugins import ImageRefused, LockUnclaimed, OutputUnknown
from .errors.store import BlobCorrupt
from .events import Emit, Event, EventKind, decision, silent
from .image import Image
from .inputs.model_name import with_model_name
from .inputs.python_version import wanted_python
from .inputs.settings_reading import read_settings
from .inputs.source_reading import read_source
from .interpreter import Interpreter
from .layer import Layer
from .layers import app_layers, cnb, interpreter_link, runtime_layer, sbom
from .layers.weights import weight_patterns
from .lock import Lock
from .order import Order
from .package_index import PackageIndex
from .settings import Settings
from .source import Source
from .store import Store
from .target import Target


@dataclass(frozen=True)
class Workshop:
    """What every step of a build works with: the plugins, the store and who listens."""

    plugins: pluggy.PluginManager
    store: Store
    emit: Emit


@dataclass(frozen=True)
class Built:
    """The outcome of a build: the image, where it now is, its settings and lock, seconds per phase."""

    image: Image
    written: Written
    settings: Settings
    lock: Lock
    seconds: dict[str, float] = field(default_factory=dict)


def build(order: Order, workshop: Workshop) -> Built:
    """Turn the folder of ``order`` into an image at its destination."""
    try:
        return _build(order, workshop)
    except BlobCorrupt as error:
        # The damaged blob is gone from the store, so a second build makes or fetches it anew.
        workshop.emit(decision("layers", f"{error.message} Building again."))
        return _build(order, workshop)


def _build(order: Order, workshop: Workshop) -> Built:
    clock = Clock(workshop.emit)
    with clock.phase("detect", f"Reading {order.folder}"):
        source = read_source(order.folder, workshop.emit)
        settings = settings_of(order, source, emit=silent)
    with clock.phase("base", "Choosing the base image"):
        chosen = base_of(order, source, settings, workshop)
        settings = with_model_name(source, settings_of(order, source, chosen, workshop.emit), workshop.emit)
    with clock.phase("lock", f"Locking for Python {chosen.target.python} on {chosen.target.platform}"):
        lock = lock_of(order, source, settings, chosen, workshop)
    with clock.phase("layers", f"Packing {len(lock.artifacts)} distributions"):
        image = assemble(order, source, settings, lock, chosen, workshop)
    with clock.phase("write", f"Writing {order.output.reference} to {order.output}"):
        image = cnb.configured(image, chosen.image, chosen.name, settings.image_environment)
        written = write(order, image, workshop)
    return Built(image, written, settings, lock, clock.seconds)


def settings_of(
    order: Order, source: Source, chosen: base.Base | None = None, emit: Emit = silent
) -> Settings:
    """Read everything the user said; the base's own variables join once it is known."""
    return read_settings(
        source,
        options=order.asked.options,
        environment_files=order.asked.files,
        platform_env=order.asked.platform,
        caller=order.asked.caller,
        base=chosen.image.environment if chosen else {},
        emit=emit,
    )


def base_of(order: Order, source: Source, settings: Settings, workshop: Workshop) -> base.Base:
    """Choose the base image by the Python that the source or the user wants."""
    return base.base_for(
        order.run_image,
        wanted_python(source, settings, order.python),
        order.architecture,
        workshop.store,
        workshop.emit,
        insecure=order.output.insecure,
        connections=order.output.connections,
        mirror=order.mirror,
        offline=order.offline,
        force=order.force,
    )


def lock_of(order: Order, source: Source, settings: Settings, chosen: base.Base, workshop: Workshop) -> Lock:
    """Lock what the source and the server need for the Python of the chosen base."""
    interpreter = interpreter_of(chosen, workshop.store, workshop.emit)
    return locked(order, source, settings, chosen.target, workshop, interpreter)


def locked(
    order: Order,
    source: Source,
    settings: Settings,
    target: Target,
    workshop: Workshop,
    interpreter: Interpreter | None = None,
) -> Lock:
    """Detect what the source needs and lock it, with what the server needs, for ``target``."""
    hooks, emit = workshop.plugins.hook, workshop.emit
    detection = hooks.seldon_detect(source=source, settings=settings)
    if detection:
        emit(decision("detect", f"{detection.resolver}: {detection.reason}"))
    index = PackageIndex(ca_bundle=order.ca_bundle, offline=order.offline)
    for known in hooks.seldon_package_index(source=source, settings=settings):
        index = index.merged(known)
    return resolution.lock_for(
        source,
        detection,
        target,
        index,
        order.engine,
        hooks,
        workshop.store,
        emit,
        runtime_requirements=requirements(),
        interpreter=interpreter,
        refresh=order.refresh,
        exported=order.exported,
    )


def assemble(
    order: Order, source: Source, settings: Settings, lock: Lock, chosen: base.Base, workshop: Workshop
) -> Image:
    """Stack the layers on the base, from what changes least to what changes most."""
    store, emit = workshop.store, workshop.emit
    interpreter = interpreter_of(chosen, store, emit) if order.bytecode else None
    dependencies: tuple[Layer, ...] | None = workshop.plugins.hook.seldon_layers(
        lock=lock, target=chosen.target, store=store, interpreter=interpreter, emit=emit
    )
    if dependencies is None:
        raise LockUnclaimed(lock.kind)
    return chosen.image.with_layers(
        interpreter_link.interpreter_layer(store, chosen.target),
        *dependencies,
        runtime_layer.runtime_layer(store, interpreter),
        sbom.sbom_layer(lock, store),
        *app_layers.app_layers(source, store, emit, weight_patterns(source, settings)),
        *cnb.config_layers(store),
    )


def write(order: Order, image: Image, workshop: Workshop) -> Written:
    """Ask the policies, then write the image to where the user wants it."""
    hooks = workshop.plugins.hook
    refusals = [refusal for refusal in hooks.seldon_check(image=image) if refusal]
    if refusals:
        raise ImageRefused(refusals)
    destination = hooks.seldon_destination(output=order.output, store=workshop.store, emit=workshop.emit)
    if destination is None:
        raise OutputUnknown(str(order.output))
    written: Written = destination.write(image)
    return written


class Clock:
    """Tells of the phases of a build and keeps how long each took, in seconds."""

    def __init__(self, emit: Emit) -> None:
        self._emit, self.seconds = emit, dict[str, float]()

    @contextmanager
    def phase(self, name: str, message: str) -> Iterator[None]:
        """Say that a phase begins and, when it went well, that it ended."""
        began = time.monotonic()
        self._emit(Event(EventKind.BEGAN, name, message))
        yield
        self.seconds[name] = seconds = time.monotonic() - began
        self._emit(Event(EventKind.ENDED, name, message, seconds=seconds))
