"""``seldon-python store``: look at, check and shrink what builds share."""

from __future__ import annotations

import argparse
import time

from ..progress import bytes_text
from .caller import Caller, add_common

DAY = 86400.0
EXAMPLES = """examples:
  seldon-python store show
  seldon-python store verify
  seldon-python store prune --days 7
"""


def add_to(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this verb to the command line."""
    parser = verbs.add_parser(
        "store",
        help="look at, check or shrink what builds share",
        description="Look at, check or shrink the store of wheels, layers, locks and bases.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    for name, action, text in (
        ("show", show, "tell what it holds"),
        ("verify", verify, "read every blob and discard the damaged ones"),
        ("prune", prune, "remove what no build used lately"),
    ):
        act = acts.add_parser(name, help=text, description=f"{text.capitalize()}.", epilog=EXAMPLES)
        act.formatter_class = argparse.RawDescriptionHelpFormatter
        add_common(act)
        act.set_defaults(action=action)
        if name == "prune":
            act.add_argument("--days", type=float, default=30.0, help="keep what was used since (default 30)")


def show(options: argparse.Namespace, caller: Caller) -> int:
    """Print how much of what the store holds."""
    from ..store_upkeep import usage

    store = caller.store(options)
    used = usage(store)
    print(f"{store.root}")
    for kind, count, size in used:
        print(f"  {kind:<10} {count:>7} {bytes_text(size):>10}")
    return 0


def verify(options: argparse.Namespace, caller: Caller) -> int:
    """Print each discarded digest; they are made or fetched anew by the next build."""
    from ..store_upkeep import verify as verify_store

    discarded = verify_store(caller.store(options))
    for digest in discarded:
        print(digest)
    print(f"{len(discarded)} damaged" if discarded else "everything is whole")
    return 0


def prune(options: argparse.Namespace, caller: Caller) -> int:
    """Remove what no build used for some days; print how much that freed."""
    from ..store_upkeep import prune as prune_store

    freed = prune_store(caller.store(options), options.days * DAY, time.time())
    print(f"freed {bytes_text(freed)}")
    return 0
