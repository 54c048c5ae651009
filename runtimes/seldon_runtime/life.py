"""The life of one serving process: open, load, answer, stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field

from .component.loading import Factory
from .component.lookup import find
from .errors import GraceExceeded
from .metrics.recorder import Recorder
from .model import Model
from .runtime import Codec, Context, Front, Keep, Keeper, Start
from .settings import ServerSettings

# Kept back from the grace period, so that the process is gone before it ends.
MARGIN = 0.25
logger = logging.getLogger("seldon_runtime")


@dataclass(frozen=True)
class Service:
    """What is served, and by which runtimes: ``starts`` of fronts and companions by the runtime's name."""

    settings: ServerSettings
    variables: Mapping[str, str]
    factory: Callable[[], Factory]
    starts: Mapping[str, Start]
    codec: Codec | None = None
    keep: Keep | None = None


@dataclass(frozen=True)
class Surroundings:
    """What a process model gives a serving process.

    ``stopping`` is set to make it stop; ``loaded`` is called once it answers; ``is_first`` tells it from the
    other workers: one of them keeps the state and runs the author's custom_service().
    """

    recorder: Recorder
    stopping: asyncio.Event
    listeners: Mapping[str, socket.socket] = field(default_factory=dict)
    loaded: Callable[[], None] = lambda: None
    is_first: bool = True


async def live(service: Service, factory: Factory, around: Surroundings) -> float:
    """Open the ports, load the model, answer until it is time to stop; return what is left of the grace."""
    began, settings = time.monotonic(), service.settings
    context = Context(settings, service.variables, around.recorder, service.codec, around.listeners)
    keeper = service.keep(context) if service.keep and around.is_first else None
    model = Model(settings, around.recorder)
    fronts = [await start(model, context) for start in service.starts.values()]
    await model.load(factory, keeper)
    for front in fronts:
        front.begin()
    if keeper:
        keeper.begin(model)
    around.loaded()
    if around.is_first:
        _start_custom_service(model.component.user)
    took, names = time.monotonic() - began, ", ".join(service.starts)
    logger.info("Serving %s (%s), loaded in %.2f s", settings.model_name, names, took)
    await around.stopping.wait()
    return await _stop(fronts, keeper, settings.grace)


def _start_custom_service(user: object) -> None:
    """Run the author's own server beside ours, for as long as the process lives."""
    method = find(user, "custom_service")
    if method:
        threading.Thread(target=method, name="custom_service", daemon=True).start()


async def _stop(fronts: Sequence[Front], keeper: Keeper | None, grace: float) -> float:
    """Stop every front and return what is left of the grace period; end the process where that runs out."""
    loop = asyncio.get_running_loop()
    # Whoever presses Ctrl-C twice does not want to wait.
    loop.add_signal_handler(signal.SIGINT, os._exit, 130)
    end = loop.time() + max(grace - MARGIN, 0)
    await _until(end, [front.stop() for front in fronts], grace)
    if keeper:
        await _until(end, [keeper.stop()], grace)
    return max(end - loop.time(), MARGIN)


async def _until(end: float, stops: Sequence[Coroutine[None, None, None]], grace: float) -> None:
    tasks = [asyncio.ensure_future(stop) for stop in stops]
    done, running = await asyncio.wait(tasks, timeout=max(end - asyncio.get_running_loop().time(), 0))
    for task in done:
        task.result()
    if running:
        error = GraceExceeded(grace)
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(error.exit_code)


def exit_within(seconds: float) -> None:
    """Let a thread that the model left behind run on for ``seconds``, not for ever."""
    last = threading.Timer(seconds, os._exit, (0,))
    last.daemon = True
    last.start()
