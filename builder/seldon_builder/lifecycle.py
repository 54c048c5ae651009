"""How a model travels from a folder to an image: the whole story on one screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pluggy

from . import base, runtimes
from .base.base_interpreter import interpreter_of
from .base.debian import host_architecture
from .building.on_demand import builder_for
from .dependencies import resolution
from .dependencies.configured_index import joined
from .dependencies.detecting import detected
from .dependencies.resolver import Resolver
from .destination import Destination, Written
from .detection import Detection
from .digest import Digest
from .errors.layers import TooManyLayers
from .errors.plugins import ImageRefused, LockUnclaimed, OutputUnknown
from .errors.store import BlobCorrupt
from .events import Emit, Event, EventKind, decision, silent
from .image import Attachment, Image
from .inputs.model_name import MODEL_NAME, with_model_name
from .inputs.python_version import narrowed, wanted_python
from .inputs.settings_reading import read_settings
from .inputs.source_reading import read_source
from .layer import Layer
from .layers import app_layers, cnb, interpreter_link, runtime_layer, sbom
from .layers.weights import weight_patterns
from .lock import Lock
from .order import Order
from .package_index import PackageIndex
from .prefix import ACTIVATION
from .settings import Settings
from .source import Source
from .store import Store
from .target import Target

T = TypeVar("T")
# A Docker engine takes 125, containerd 127; what is derived from our image needs room too.
MOST_LAYERS = 100


@dataclass(frozen=True)
class Workshop:
    """What every step of a build works with: the plugins, the store and who listens."""

    plugins: pluggy.PluginManager
    store: Store
    emit: Emit


@dataclass(frozen=True)
class Model:
    """What is built: the folder, what holds for it, and what it needs installed (None: nothing said so)."""

    source: Source
    settings: Settings
    detection: Detection | None = None


@dataclass(frozen=True)
class Built:
    """The outcome of a build: the image, where it now is, its settings and lock, seconds per phase."""

    image: Image
    written: Written
    settings: Settings
    lock: Lock
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def sbom(self) -> str:
        """The bill of materials."""
        bills = (one for one in self.image.attachments if one.media_type == sbom.MEDIA_TYPE)
        return next(bills).content.decode()


def build(order: Order, workshop: Workshop) -> Built:
    """Turn the folder of ``order`` into an image at its destination."""
    return again(lambda: _build(order, workshop), workshop)


def again(act: Callable[[], T], workshop: Workshop) -> T:
    """Return what ``act`` does, done anew whenever it finds a damaged blob."""
    damaged: set[Digest] = set()
    while True:
        try:
            return act()
        except BlobCorrupt as error:
            # It is gone from the store, so another build makes or fetches it anew; never the same one twice.
            if error.digest in damaged:
                raise
            damaged.add(error.digest)
            workshop.emit(decision("layers", f"{error.message} Building again."))


def _build(order: Order, workshop: Workshop) -> Built:
    clock = Clock(workshop.emit)
    destination = destination_of(order, workshop)
    made = image_of(order, workshop, clock)
    with clock.phase("write", f"Writing {order.output.reference} to {order.output}"):
        written = write(made.image, destination, workshop)
    return replace(made, written=written, seconds=clock.seconds)


def image_of(order: Order, workshop: Workshop, clock: Clock) -> Built:
    """Make the image of ``order``, which is nowhere yet."""
    with clock.phase("detect", f"Reading {order.folder}"):
        model = model_of(order, workshop)
    with clock.phase("base", "Choosing the base image"):
        chosen = base_of(order, model, workshop)
        model = named(order, model, workshop, chosen)
    with clock.phase("lock", f"Locking for {_locked_for(model, chosen)}"):
        lock = lock_of(order, model, chosen, workshop)
    with clock.phase("layers", f"Packing {len(lock.artifacts)} distributions"):
        image = assemble(order, model, lock, chosen, workshop)
        run_image = cnb.RunImage.of(chosen.image, chosen.name)
        variables = model.settings.image_environment
        image = cnb.configured(image, chosen.image, run_image, variables, runtimes.ports(variables))
    return Built(image, Written("", image.digest, 0, 0, 0), model.settings, lock, clock.seconds)


def _locked_for(model: Model, chosen: base.Base) -> str:
    own = model.detection.own_python if model.detection else ()
    pythons = own or (chosen.target.python,)
    return f"Python {' or '.join(pythons)} on {chosen.target.platform}"


def model_of(order: Order, workshop: Workshop) -> Model:
    """Read the folder and find out what it needs; the base's variables are not among its settings yet."""
    source = read_source(order.folder, workshop.emit)
    settings = settings_of(order, source)
    found = detected(workshop.plugins.hook, source, settings, workshop.emit)
    return Model(source, settings, narrowed(found, source, settings, order.python) if found else None)


def named(order: Order, model: Model, workshop: Workshop, chosen: base.Base | None = None) -> Model:
    """Complete the settings: with the base's variables, where there is a base, and the model's class."""
    settings = settings_of(order, model.source, chosen, workshop.emit)
    runtimes.refuse_contradiction(settings.image_environment)
    runtimes.tell_left_out(settings, workshop.emit)
    return replace(model, settings=with_model_name(model.source, settings, workshop.emit))


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
        runtimes=order.asked.runtimes,
        flags=order.asked.flags,
        emit=emit,
    )


def base_of(order: Order, model: Model, workshop: Workshop) -> base.Base:
    """Choose the base image by the Python that the source, its requirements or the user want."""
    return base.base_for(
        order.run_image,
        wanted_python(model.source, model.settings, order.python, model.detection),
        order.architecture,
        workshop.store,
        workshop.emit,
        insecure=order.output.insecure,
        connections=order.output.connections,
        mirror=order.mirror,
        offline=order.offline,
        force=order.force,
    )


def lock_of(order: Order, model: Model, chosen: base.Base, workshop: Workshop) -> Lock:
    """Lock what the source and the server need for the Python of the chosen base."""
    return locked(order, model, chosen.target, workshop, chosen)


def locked(
    order: Order, model: Model, target: Target, workshop: Workshop, chosen: base.Base | None = None
) -> Lock:
    """Lock what the source needs, with what the server needs, for ``target``, which ``chosen`` is of."""
    hooks, index = workshop.plugins.hook, index_of(order, model, workshop)
    resolver = Resolver(
        target,
        index,
        order.engine,
        hooks,
        workshop.store,
        workshop.emit,
        interpreter_of(chosen, workshop.store, workshop.emit) if chosen else None,
        order.refresh,
        order.lock_command(host_architecture()),
    )
    # What is built needs packages too: from where the files of the model say, as everything.
    building = model.detection.index.merged(index) if model.detection else index
    return resolution.lock_for(
        model.source,
        model.detection,
        replace(resolver, builder=builder_for(order, model.settings, resolver, chosen, building)),
        runtime_requirements=runtimes.requirements(model.settings),
        exported=order.exported,
        upgrade=order.upgrade,
    )


def index_of(order: Order, model: Model, workshop: Workshop) -> PackageIndex:
    """Return where packages may come from, as all who know of it say together."""
    known = workshop.plugins.hook.seldon_package_index(
        source=model.source, settings=model.settings, folders=order.asked.folders
    )
    # What is said of packages alone is meant more than what is said of every program.
    known.append(PackageIndex(ca_bundle=order.ca_bundle))
    return joined(PackageIndex(offline=order.offline), known, workshop.store, workshop.emit)


def standing(lock: Lock, chosen: base.Base, workshop: Workshop) -> base.Base:
    """Return the base as what is installed on it sees it: with the Python of the lock, if that brings one."""
    hooks = workshop.plugins.hook
    own: base.Base | None = hooks.seldon_base(
        lock=lock, base=chosen, store=workshop.store, emit=workshop.emit
    )
    return own or chosen


def assemble(order: Order, model: Model, lock: Lock, chosen: base.Base, workshop: Workshop) -> Image:
    """Stack the layers on the base, from what changes least to what changes most."""
    store, emit = workshop.store, workshop.emit
    image, chosen = chosen.image, standing(lock, chosen, workshop)
    interpreter = interpreter_of(chosen, store, emit) if order.bytecode else None
    dependencies: tuple[Layer, ...] | None = workshop.plugins.hook.seldon_layers(
        lock=lock, target=chosen.target, store=store, interpreter=interpreter, emit=emit
    )
    if dependencies is None:
        raise LockUnclaimed(lock.kind)
    bill = bill_of(model, lock, store)
    links = () if lock.own_python else (interpreter_link.interpreter_layer(store, chosen.target),)
    image = image.with_layers(
        *links,
        *dependencies,
        runtime_layer.runtime_layer(store, interpreter),
        sbom.sbom_layer(bill, store),
        *cnb.config_layers(store, ACTIVATION if lock.own_python else ""),
        *app_layers.app_layers(
            model.source,
            store,
            emit,
            weight_patterns(model.source, model.settings),
            asked=model.detection.files if model.detection else (),
        ),
    )
    if len(image.layers) > MOST_LAYERS:
        raise TooManyLayers(len(image.layers), len(chosen.image.layers), MOST_LAYERS)
    return replace(image, attachments=(Attachment(sbom.MEDIA_TYPE, bill.encode()),))


def bill_of(model: Model, lock: Lock, store: Store) -> str:
    """Write the bill of materials of ``lock``."""
    return sbom.sbom_of(lock, store, model.settings.get(MODEL_NAME), runtimes.requirements(model.settings))


def destination_of(order: Order, workshop: Workshop) -> Destination:
    """Find what writes to the output of ``order``, before any work is done for it."""
    hooks = workshop.plugins.hook
    found: Destination | None = hooks.seldon_destination(
        output=order.output, store=workshop.store, emit=workshop.emit
    )
    if found is None:
        raise OutputUnknown(str(order.output))
    return found


def write(image: Image, destination: Destination, workshop: Workshop) -> Written:
    """Ask the policies, then write the image to where the user wants it."""
    refuse((image,), workshop)
    return destination.write(image)


def refuse(images: Sequence[Image], workshop: Workshop) -> None:
    """Raise ImageRefused where a policy wants one of ``images`` not to be written."""
    checks = (workshop.plugins.hook.seldon_check(image=image) for image in images)
    refusals = [refusal for found in checks for refusal in found if refusal]
    if refusals:
        raise ImageRefused(refusals)


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
