"""The life of a serving process: load, serve, stop on a signal."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path

from . import loading, plugins
from .errors import GraceExceeded
from .model import Model
from .runtime import Front, Start
from .server_settings import ServerSettings, settings_from

SIGNALS = (signal.SIGTERM, signal.SIGINT)
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# Kept back from the grace period, so that the process is gone before it ends.
MARGIN = 0.25
logger = logging.getLogger("seldon_runtime")


def serve(variables: Mapping[str, str], folder: Path) -> None:
    """Serve the model of ``folder`` until a signal says stop."""
    for number in SIGNALS:
        signal.signal(number, _leave)
    settings = settings_from(variables, folder)
    logging.basicConfig(level=settings.log_level, format=LOG_FORMAT)
    chosen = plugins.runtimes(plugins.plugins(), variables)
    starts = {runtime.name: runtime.load() for runtime in chosen}
    factory = loading.find_class(settings.model_name, folder)
    _exit_within(_run(_serve(factory, settings, starts)))


def _leave(*_: object) -> None:
    # Nothing is served yet, and the model's own code may never come back from what it does.
    os._exit(0)


def _run(serving: Coroutine[None, None, float]) -> float:
    import uvloop

    return uvloop.new_event_loop().run_until_complete(serving)


def _exit_within(seconds: float) -> None:
    # A thread that the model left behind may run on for what remains of the grace period, not for ever.
    last = threading.Timer(seconds, os._exit, (0,))
    last.daemon = True
    last.start()


async def _serve(factory: loading.Factory, settings: ServerSettings, starts: Mapping[str, Start]) -> float:
    """Load, serve, stop; return what is left of the grace period."""
    began, loop, stopping = time.monotonic(), asyncio.get_running_loop(), asyncio.Event()
    for number in SIGNALS:
        loop.add_signal_handler(number, _leave)
    model = await Model.load(factory, settings)
    loaded = time.monotonic() - began
    fronts = [await start(model, settings) for start in starts.values()]
    for number in SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    logger.info("Serving %s (%s), loaded in %.2f s", settings.model_name, ", ".join(starts), loaded)
    await stopping.wait()
    return await _stop(fronts, settings.grace)


async def _stop(fronts: Sequence[Front], grace: float) -> float:
    """Stop every front and return what is left of the grace period; end the process where that runs out."""
    loop = asyncio.get_running_loop()
    # Whoever presses Ctrl-C twice does not want to wait.
    loop.add_signal_handler(signal.SIGINT, os._exit, 130)
    end = loop.time() + max(grace - MARGIN, 0)
    stops = [asyncio.create_task(front.stop()) for front in fronts]
    done, running = await asyncio.wait(stops, timeout=end - loop.time())
    for task in done:
        task.result()
    if running:
        error = GraceExceeded(grace)
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(error.exit_code)
    return max(end - loop.time(), MARGIN)
