"""``seldon-python build`` for several platforms."""

from __future__ import annotations

import argparse
import sys
import time

from ..platforms import build_all
from ..progress import bytes_text
from .asking import each_platform, order_from
from .build import counting
from .caller import Caller
from .working import working


def run_all(options: argparse.Namespace, caller: Caller) -> int:
    """Build an image for each platform; stdout gets the digest of their index."""
    if options.sbom or options.show_settings:
        options.complain("--sbom and --show-settings are for one platform at a time")
    orders = [order_from(each, caller) for each in each_platform(options)]
    began, warned = time.monotonic(), [0]
    with working(options, caller) as workshop:
        built = build_all(orders, counting(workshop, warned))
    written = built[0].written
    if not options.quiet:
        lines = [f"\nBuilt {orders[0].output.reference} in {time.monotonic() - began:.1f} s"]
        lines += [f"  {one.lock.platform:<12} {one.image.digest}" for one in built]
        lines += [f"  {'index':<12} {written.digest}", f"  {'where':<12} {written.where}"]
        lines += [f"  {'sent':<12} {bytes_text(written.bytes_written)} in {written.layers_written} layers"]
        lines += [f"  {'warned':<12} {warned[0]} times, see above"] if warned[0] else []
        print("\n".join(lines), file=sys.stderr)
    print(written.digest)
    return 0
