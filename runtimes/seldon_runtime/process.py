"""A serving process: which runtimes it starts, and how signals end it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import cast

from . import plugins
from .component import loading
from .life import Service, Surroundings, exit_within, live
from .logs import configure_logs
from .metrics.recorder import Recorder
from .runtime import Role, Serve
from .settings import settings_from

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(
    variables: Mapping[str, str], folder: Path, environment: MutableMapping[str, str] | None = None
) -> int:
    """Serve the model of ``folder`` until a signal says stop; return the exit code.

    In ``environment`` the model's own code finds what ``variables`` do not say: where its files lie.
    """
    for number in SIGNALS:
        signal.signal(number, _leave)
    settings = settings_from(variables, folder)
    configure_logs(settings)
    chosen = plugins.runtimes(plugins.plugins(), variables)
    service = Service(
        settings, variables, lambda: loading.find_class(settings.model_name, folder, environment), chosen
    )
    process = cast("Serve | None", service.loaded(Role.PROCESS))
    return (process or _serve_alone)(service)


def _leave(*_: object) -> None:
    # Nothing is served yet, and the model's own code may never come back from what it does.
    os._exit(0)


def _serve_alone(service: Service) -> int:
    """Serve with this process alone."""
    import uvloop

    service.import_servers()
    factory = service.factory()
    exit_within(uvloop.new_event_loop().run_until_complete(_live(service, factory)))
    return 0


async def _live(service: Service, factory: loading.Factory) -> float:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()

    def on_signals(act: Callable[[], object]) -> None:
        for number in SIGNALS:
            loop.add_signal_handler(number, act)

    on_signals(_leave)
    recorder = Recorder(service.settings.unit)
    around = Surroundings(recorder, stopping, loaded=lambda: on_signals(stopping.set))
    return await live(service, factory, around)
