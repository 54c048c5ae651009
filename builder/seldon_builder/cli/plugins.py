"""``seldon-python plugins``: what is loaded, and from where."""

from __future__ import annotations

import argparse

from ..plugins import load_plugins, loaded
from .caller import Caller


def add_to(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this verb to the command line."""
    parser = verbs.add_parser(
        "plugins",
        help="list the plugins that take part in a build",
        description="List the plugins, where they come from and which hooks they answer.",
        epilog="example:\n  seldon-python plugins",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(action=run)


def run(options: argparse.Namespace, caller: Caller) -> int:  # noqa: ARG001  # every verb has this signature
    """Print one line per plugin."""
    for plugin in loaded(load_plugins()):
        print(f"{plugin.name:<22} {plugin.distribution} {plugin.version:<10} {', '.join(plugin.hooks)}")
    return 0
