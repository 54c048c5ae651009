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
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NoReturn, TypeAlias, cast

from .component.loading import Factory
from .component.lookup import find
from .errors import GraceExceeded, SeldonError
from .metrics.recorder import Recorder
from .model import Model
from .runtime import Codec, Context, Front, Keep, Keeper, Role, Runtime, Start
from .settings import ServerSettings

# Kept back from the grace period, so that the process is gone before it ends.
MARGIN = 0.25
# Ends the process at once, saying why.
GiveUp: TypeAlias = "Callable[[SeldonError], NoReturn]"
logger = logging.getLogger("seldon_runtime")


@dataclass(frozen=True)
class Service:
    """What is served, and by which runtimes.

    The runtimes' servers are imported where they are first asked for: in the process that serves, for grpc
    does not outlive a fork, and before ``factory`` puts the model's folder on the path.
    """

    settings: ServerSettings
    variables: Mapping[str, str]
    factory: Callable[[], Factory]
    runtimes: Sequence[Runtime] = ()

    def import_servers(self) -> None:
        """Import everything that serves now."""
        _ = self.starts, self.codec, self.keep

    @cached_property
    def starts(self) -> Mapping[str, Start]:
        """The fronts and companions, by the runtime's name."""
        roles = (Role.FRONT, Role.COMPANION)
        return {
            runtime.name: cast("Start", runtime.load()) for runtime in self.runtimes if runtime.role in roles
        }

    @cached_property
    def codec(self) -> Codec | None:
        """What replaces the fronts' way to read and write predict's bodies."""
        return cast("Codec | None", self.loaded(Role.CODEC))

    @cached_property
    def keep(self) -> Keep | None:
        """What keeps the component's state."""
        return cast("Keep | None", self.loaded(Role.STATE))

    def loaded(self, role: Role) -> object | None:
        """Load the one runtime of ``role``, where there is one."""
        return next((runtime.load() for runtime in self.runtimes if runtime.role is role), None)


def _give_up(error: SeldonError) -> NoReturn:
    sys.stderr.write(f"{error}\n")
    sys.stderr.flush()
    os._exit(error.exit_code)


@dataclass(frozen=True)
class Surroundings:
    """What a process model gives a serving process.

    ``stopping`` is set to make it stop; ``loaded`` is called once it answers; ``is_first`` tells it from the
    other workers: one of them keeps the state and runs the author's custom_service(). ``turn`` is given the
    loading of the model and returns once the ports may be opened; without it they are open before.
    ``give_up`` is called with what ended the process before its last answer, and ends it.
    """

    recorder: Recorder
    stopping: asyncio.Event
    listeners: Mapping[str, socket.socket] = field(default_factory=dict)
    loaded: Callable[[], None] = lambda: None
    is_first: bool = True
    turn: Callable[[asyncio.Future[None]], Awaitable[None]] | None = None
    give_up: GiveUp = _give_up


async def live(service: Service, factory: Factory, around: Surroundings) -> float:
    """Open the ports, load the model, answer until it is time to stop; return what is left of the grace."""
    began, settings = time.monotonic(), service.settings
    context = Context(settings, service.variables, around.recorder, service.codec, around.listeners)
    keeper = service.keep(context) if service.keep else None
    model = Model(settings, around.recorder)
    loading = await _its_turn(model.load(factory, keeper), around.turn) if around.turn else None
    fronts = [await start(model, context) for start in service.starts.values()]
    await (loading or model.load(factory, keeper))
    for front in fronts:
        front.begin()
    # Every worker begins with what was saved; were two to save, each would undo the other's.
    keeper = keeper if around.is_first else None
    if keeper:
        keeper.begin(model)
    around.loaded()
    if around.is_first:
        _start_custom_service(model.component.user)
    took, names = time.monotonic() - began, ", ".join(service.starts)
    logger.info("Serving %s (%s), loaded in %.2f s", settings.model_name, names, took)
    await around.stopping.wait()
    return await _stop(fronts, keeper, settings.grace, around.give_up)


async def _its_turn(
    load: Awaitable[None], turn: Callable[[asyncio.Future[None]], Awaitable[None]]
) -> asyncio.Future[None]:
    loading = asyncio.ensure_future(load)
    await turn(loading)
    if loading.done():
        loading.result()
    return loading


def _start_custom_service(user: object) -> None:
    """Run the author's own server beside ours, for as long as the process lives."""
    method = find(user, "custom_service")
    if method:
        threading.Thread(target=method, name="custom_service", daemon=True).start()


async def _stop(fronts: Sequence[Front], keeper: Keeper | None, grace: float, give_up: GiveUp) -> float:
    """Stop every front and return what is left of the grace period; end the process where that runs out."""
    loop = asyncio.get_running_loop()
    # Whoever presses Ctrl-C twice does not want to wait.
    loop.add_signal_handler(signal.SIGINT, os._exit, 130)
    end = loop.time() + max(grace - MARGIN, 0)
    is_over = await _until(end, [front.stop() for front in fronts])
    if keeper and is_over:
        is_over = await _until(end, [keeper.stop()])
    if not is_over:
        give_up(GraceExceeded(grace))
    return max(end - loop.time(), MARGIN)


async def _until(end: float, stops: Sequence[Coroutine[None, None, None]]) -> bool:
    tasks = [asyncio.ensure_future(stop) for stop in stops]
    done, running = await asyncio.wait(tasks, timeout=max(end - asyncio.get_running_loop().time(), 0))
    for task in done:
        task.result()
    return not running


def exit_within(seconds: float) -> None:
    """Let a thread that the model left behind run on for ``seconds``, not for ever."""
    last = threading.Timer(seconds, os._exit, (0,))
    last.daemon = True
    last.start()
