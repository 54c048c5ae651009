"""``seldon-python lock``: the exact artifacts, written beside the model."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from ..errors.plugins import LockUnclaimed
from ..lifecycle import base_of, lock_of, model_of, settings_of
from .asking import add_model, add_target, order_from
from .caller import Caller, add_common
from .working import working

EXAMPLES = """examples:
  seldon-python lock examples/iris
  seldon-python lock . --platform linux/arm64 --lock-file -
  seldon-python lock . --engine pip-tools --refresh
"""


def add_to(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this verb to the command line."""
    parser = verbs.add_parser(
        "lock",
        help="write the exact artifacts of a model to pylock.toml",
        description="Resolve a model's requirements and write them, with hashes, to pylock.toml (PEP 751). "
        "A build uses that file for as long as it matches the requirements.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model(parser)
    add_target(parser)
    parser.add_argument(
        "--lock-file", default="", metavar="FILE", help="default: pylock.toml in the source; -: stdout"
    )
    add_common(parser)
    parser.set_defaults(action=run, publish=False, output="registry", insecure=False)


def run(options: argparse.Namespace, caller: Caller) -> int:
    """Write the lock; stdout gets the file's path, or the lock itself for ``-``."""
    order = replace(order_from(options, caller), exported=False)
    with working(options, caller) as workshop:
        model = model_of(order, workshop)
        chosen = base_of(order, model, workshop)
        # As a build knows them, for which the base's own variables count too.
        model = replace(model, settings=settings_of(order, model.source, chosen))
        lock = lock_of(order, model, chosen, workshop)
        written = workshop.plugins.hook.seldon_export(lock=lock, source=model.source, store=workshop.store)
    if written is None:
        raise LockUnclaimed(lock.kind)
    if options.lock_file == "-":
        sys.stdout.write(written.text)
        return 0
    path = Path(options.lock_file) if options.lock_file else order.folder / written.name
    path.write_text(written.text)
    print(path)
    return 0
