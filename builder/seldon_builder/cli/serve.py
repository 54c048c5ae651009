"""``seldon-python serve``: a folder serves on this machine, with no image at all."""

from __future__ import annotations

import argparse
import platform
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..events import Event, EventKind
from ..inputs.python_version import wanted_python
from ..lifecycle import Workshop, locked, model_of, named
from ..order import Order
from ..settings import Settings
from ..target import Target
from .asking import add_model, order_from
from .caller import Caller, add_common, port_number
from .working import working

if TYPE_CHECKING:
    from ..local.serving_locally import Prepared

EXAMPLES = """examples:
  seldon-python serve examples/iris
  seldon-python serve . --port 8080 -e MODEL_NAME=churn.Model
"""
# What a program needs of its caller's environment to be a normal process of this machine.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE")


def add_to(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this verb to the command line."""
    parser = verbs.add_parser(
        "serve",
        help="serve a folder without an image",
        description="Serve a model's folder on this machine, in an environment of its own, and again "
        "whenever one of its files changes. Uses the Python that runs this command, which "
        "may be another than the image's.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        # --platform, which only an image has, would be taken for a short --platform-env.
        allow_abbrev=False,
    )
    add_model(parser)
    parser.add_argument(
        "--port",
        type=port_number,
        default=0,
        help="the port of this machine for REST (default 9000); gRPC and metrics keep theirs where free",
    )
    add_common(parser)
    parser.set_defaults(action=run, publish=False, output="none", insecure=False)
    # What only an image has a choice of.
    parser.set_defaults(python="", platform="", run_image="", mirror="", force=False)


def run(options: argparse.Namespace, caller: Caller) -> int:
    """Serve until Ctrl-C; the exit code is the server's where it cannot start."""
    from ..local.serving_locally import serve

    prepare = Preparation(options, caller)
    return serve(prepare.order.folder, prepare, _say, port=options.port, also=prepare.places)


class Preparation:
    """Makes what the folder needs now to be served, again and again; each time it tells only what is new."""

    def __init__(self, options: argparse.Namespace, caller: Caller) -> None:
        self._options, self._caller = options, caller
        self.order = order_from(options, caller)
        self._told = set[Event]()

    @property
    def places(self) -> tuple[Path, ...]:
        """The files and folders outside of the source whose change counts too."""
        asked = self.order.asked
        return (*asked.files, *((asked.platform,) if asked.platform else ()))

    def __call__(self) -> Prepared:
        """Detect, lock and install: little work where nothing that matters has changed."""
        told = set[Event]()
        with working(self._options, self._caller) as workshop:

            def emit(event: Event) -> None:
                if event not in self._told:
                    workshop.emit(event)
                if event.kind in (EventKind.DECISION, EventKind.WARNING):
                    told.add(event)

            prepared = prepare(self.order, self._caller, replace(workshop, emit=emit))
        # A failure on the way is no reason to tell everything again.
        self._told = told
        # The changes that follow are to be quick, whatever was asked of the first time.
        self.order = replace(self.order, refresh=False)
        return prepared


def prepare(order: Order, caller: Caller, workshop: Workshop) -> Prepared:
    """Make the environment and the variables that the folder is served with, for this machine's Python."""
    from ..local.local_environment import environment_for
    from ..local.machine_python import lock_fits, tell_python
    from ..local.serving_locally import Prepared

    machine = this_machine(caller)
    model = named(order, model_of(order, workshop), workshop)
    wanted = wanted_python(model.source, model.settings, order.python, model.detection)
    tell_python(wanted, machine, workshop.emit)
    order = replace(order, exported=lock_fits(model.source, machine, workshop.emit))
    lock = locked(order, model, machine, workshop)
    environment = environment_for(lock, workshop.store, sys.executable, workshop.emit)
    return Prepared(environment, variables(model.settings, caller))


def this_machine(caller: Caller) -> Target:
    """Return the target that this process runs on."""
    return Target(caller.architecture, platform.python_version(), platform.libc_ver()[1], sys.executable)


def variables(settings: Settings, caller: Caller) -> dict[str, str]:
    """Return the server's whole environment: the model's settings and a few of the caller's variables."""
    inherited = {name: caller.environment[name] for name in PASSED_ON if name in caller.environment}
    return {**inherited, **settings.image_environment}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
