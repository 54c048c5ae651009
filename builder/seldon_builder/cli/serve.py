"""``seldon-python serve``: a folder serves on this machine, with no image at all."""

from __future__ import annotations

import argparse
import platform
import sys

from ..lifecycle import locked, model_of, named
from ..settings import Settings
from ..target import Target
from .asking import add_model, order_from
from .caller import Caller, add_common
from .working import working

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
        "whenever one of its files changes. Uses the Python that runs this command.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model(parser)
    parser.add_argument("--port", type=int, default=9000, help="the port of this machine (default 9000)")
    add_common(parser)
    parser.set_defaults(action=run, publish=False, output="none", insecure=False)


def run(options: argparse.Namespace, caller: Caller) -> int:
    """Serve until Ctrl-C; the exit code is the server's where it cannot start."""
    from ..local.local_environment import environment_for
    from ..local.serving_locally import serve

    order = order_from(options, caller)
    with working(options, caller) as workshop:
        model = named(order, model_of(order, workshop), workshop)
        lock = locked(order, model, this_machine(caller), workshop)
        environment = environment_for(lock, workshop.store, sys.executable, workshop.emit)
    return serve(order.folder, environment, variables(model.settings, caller), _say, port=options.port)


def this_machine(caller: Caller) -> Target:
    """Return the target that this process runs on."""
    return Target(caller.architecture, platform.python_version(), platform.libc_ver()[1], sys.executable)


def variables(settings: Settings, caller: Caller) -> dict[str, str]:
    """Return the server's whole environment: the model's settings and a few of the caller's variables."""
    inherited = {name: caller.environment[name] for name in PASSED_ON if name in caller.environment}
    return {**inherited, **settings.image_environment}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
