"""The verbs of ``seldon-python``, one file each.

stdout carries data (a digest, a path, a table), stderr progress and errors.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from seldon_runtime import __version__

from ..errors import SeldonError
from .caller import Caller

VERBS = ("build", "run", "serve", "lock", "download", "base", "store", "plugins")
USAGE = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"error: {message}\n  hint: {self.prog} --help shows examples\n")


def parser(wanted: Sequence[str] = VERBS) -> argparse.ArgumentParser:
    """Make the parser of the ``wanted`` verbs; that of all of them is what docs/cli.md holds."""
    top = _Parser(
        prog="seldon-python",
        description="Turn a folder with a Python model into an OCI image that serves it.",
        epilog="example:\n  seldon-python build examples/iris iris:0.1 && seldon-python run iris:0.1",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"seldon-python {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb in wanted:
        import_module(f".{verb}", __name__).add_to(verbs)
    return top


def run(arguments: Sequence[str]) -> int:
    """Run one verb; return the exit code, 0 for success, a SeldonError's own code for its cause."""
    # A verb imports what it works with, which the others need not pay for.
    asked = [word for word in arguments[:1] if word in VERBS]
    options, caller = parser(asked or VERBS).parse_args(arguments), Caller.from_process()
    try:
        result: int = options.action(options, caller)
    except SeldonError as error:
        print(f"\nerror: {_shown(error, options, caller)}", file=sys.stderr)
        return error.exit_code
    return result


def _shown(error: SeldonError, options: argparse.Namespace, caller: Caller) -> str:
    """Write an error, whoever worded it, without what is secret or steers a terminal."""
    from ..inputs.known_secrets import known_secrets, without_secrets
    from ..order import Asked
    from ..plain_text import plain
    from .asking import flags_of

    said = vars(options)
    asked = Asked(
        tuple(said.get("env", ())),
        tuple(said.get("environment_file", ())),
        said.get("platform_env"),
        caller.environment,
        flags=tuple(flags_of(options)),
    )
    return plain(without_secrets(str(error), known_secrets(asked, Path(said.get("source", ".")))))
