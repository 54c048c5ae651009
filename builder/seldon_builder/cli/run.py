"""``seldon-python run``: an image serves on this machine."""

from __future__ import annotations

import argparse
import sys

from .caller import Caller, port_number

EXAMPLES = """examples:
  seldon-python run iris:0.1
  seldon-python run iris:0.1 --port 8080 --engine podman
"""


def add_to(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this verb to the command line."""
    parser = verbs.add_parser(
        "run",
        help="run an image with docker or podman",
        description="Run an image in the foreground with docker or podman; Ctrl-C stops it gently.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("image", help="the image's name")
    parser.add_argument(
        "--port",
        type=port_number,
        default=0,
        help="the port of this machine for REST (default 9000); gRPC and metrics keep theirs where free",
    )
    parser.add_argument(
        "--engine", default="", help="docker, podman or a path (default: the first that answers)"
    )
    parser.set_defaults(action=run)


def run(options: argparse.Namespace, caller: Caller) -> int:
    """Run the image until it is stopped."""
    from ..local.running import run_image

    run_image(options.image, caller.environment, _say, port=options.port, engine=options.engine)
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
