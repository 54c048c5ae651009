"""``seldon-python base create``: the run and build images from Debian's packages."""

from __future__ import annotations

import argparse
import sys

from ..errors.plugins import OutputUnknown
from ..plugins import load_plugins
from ..progress import bytes_text
from ..target import MACHINES
from .asking import add_destination, output_from
from .caller import Caller, add_common

EXAMPLES = """examples:
  seldon-python base create seldon-python-run:trixie
  seldon-python base create localhost:5000/seldon-python-run:bookworm --suite bookworm --publish
  seldon-python base create run --platform linux/arm64 --output oci:run-arm64
  seldon-python base create seldon-python-build:trixie --kind build
"""


def add_to(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this verb to the command line."""
    parser = verbs.add_parser(
        "base",
        help="make base images",
        description="Make base images from Debian.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    create = acts.add_parser(
        "create",
        help="make the run or the build image",
        description="Make the run or the build image from Debian's packages, with mmdebstrap.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    create.add_argument("image", help="the base's name: [registry[:port]/]name[:tag]")
    create.add_argument(
        "--kind",
        default="run",
        choices=("run", "build"),
        help="what models stand on (default), or the same with pip, a compiler and Python's headers",
    )
    create.add_argument(
        "--suite", default="trixie", choices=("trixie", "bookworm"), help="Python 3.13 or 3.11"
    )
    create.add_argument(
        "--platform", choices=[f"linux/{name}" for name in MACHINES], help="default: this machine's"
    )
    create.add_argument(
        "--mirror", default="", metavar="URL", help="a Debian mirror (default: mmdebstrap's own)"
    )
    create.add_argument("--force", action="store_true", help="make it anew even if the store has one")
    add_destination(create)
    add_common(create)
    create.set_defaults(action=run)


def run(options: argparse.Namespace, caller: Caller) -> int:
    """Make the base and write it; stdout gets its digest."""
    from ..base import default_base

    store, progress = caller.store(options), caller.progress(options)
    output = output_from(options, caller)
    architecture = (options.platform or f"linux/{caller.architecture}").partition("/")[2]
    try:
        image = default_base(
            options.suite, architecture, store, progress, kind=options.kind,
            mirror=options.mirror, force=options.force, proxies=caller.connections().proxies,
        ).image  # fmt: skip
        destination = load_plugins().hook.seldon_destination(output=output, store=store, emit=progress)
        if destination is None:
            raise OutputUnknown(str(output))
        written = destination.write(image)
    finally:
        progress.done()
    unpacked = sum(layer.unpacked_size for layer in image.layers)
    if not options.quiet:
        print(
            f"Made {output.reference} ({bytes_text(unpacked)} unpacked) in {written.where}", file=sys.stderr
        )
    print(image.digest)
    return 0
