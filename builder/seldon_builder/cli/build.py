"""``seldon-python build``: a folder becomes an image."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

from ..errors import SeldonError
from ..events import Event, EventKind
from ..inputs.model_name import with_model_name
from ..inputs.settings_reading import show_settings
from ..inputs.source_reading import read_source
from ..lifecycle import Built, Workshop, build, settings_of
from ..order import Order
from ..progress import bytes_text
from ..settings import Settings
from .asking import add_destination, add_model, add_sbom, add_target, order_from, write_beside
from .caller import Caller, add_common
from .working import working

if TYPE_CHECKING:
    from seldon_runtime.runtime import Port

EXAMPLES = """examples:
  seldon-python build examples/iris iris:0.1
  seldon-python build . localhost:5000/models/churn:7 --publish
  seldon-python build . churn --output oci:out --python 3.11 --platform linux/arm64
  seldon-python build . registry.example.com/churn:7 --publish --platform linux/amd64,linux/arm64
  seldon-python build . churn -e MODEL_NAME=churn.Model -e EXTRA_INDEX_URL=https://pypi.example.com/simple
  seldon-python build . churn --show-settings
"""


def add_to(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this verb to the command line."""
    parser = verbs.add_parser(
        "build",
        help="turn a folder with a Python model into an image",
        description="Turn a folder with a Python model into a layered, reproducible image that serves it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model(parser)
    add_target(parser, several=True)
    parser.add_argument("image", help="the image's name: [registry[:port]/]name[:tag]")
    add_destination(parser)
    parser.add_argument("--no-bytecode", action="store_true", help="leave compiled Python out")
    add_sbom(parser, "a file that gets the bill of materials too (CycloneDX)")
    parser.add_argument("--show-settings", action="store_true", help="print the settings, then end")
    add_common(parser)
    parser.set_defaults(action=run, complain=parser.error)


def run(options: argparse.Namespace, caller: Caller) -> int:
    """Build the image; stdout gets its digest."""
    if "," in (options.platform or ""):
        from .build_all import run_all

        return run_all(options, caller)
    order = order_from(options, caller)
    began, warned = time.monotonic(), [0]
    with working(options, caller) as workshop:
        if options.show_settings:
            print(show_settings(known_settings(order, workshop)))
            return 0
        built = build(order, counting(workshop, warned))
        if options.sbom:
            write_beside(built.sbom, options.sbom, "the bill of materials", "--sbom")
    if not options.quiet:
        lines = summary(order, built, time.monotonic() - began, warned[0])
        print("\n".join((*lines, *how_to_run(order, built, caller.architecture))), file=sys.stderr)
    print(built.image.digest)
    return 0


def counting(workshop: Workshop, warned: list[int]) -> Workshop:
    """Count the warnings: they scroll away, and the summary must not sound better than they do."""

    def emit(event: Event) -> None:
        warned[0] += event.kind is EventKind.WARNING
        workshop.emit(event)

    return replace(workshop, emit=emit)


def known_settings(order: Order, workshop: Workshop) -> Settings:
    """Return all that is known before a base is chosen, the inferred MODEL_NAME too where there is one."""
    source = read_source(order.folder, workshop.emit)
    settings = settings_of(order, source, emit=workshop.emit)
    with suppress(SeldonError):
        return with_model_name(source, settings, workshop.emit)
    return settings


def summary(order: Order, built: Built, seconds: float, warned: int) -> Iterator[str]:
    """Write the end of a build: name, digest, size, what was reused, the time of each phase."""
    layers, written = built.image.layers, built.written
    reused = sum(layer.reused for layer in layers)
    unpacked = bytes_text(sum(layer.unpacked_size for layer in layers))
    # Nobody tells the unpacked size of a base's layers before they are unpacked.
    unknown = "" if all(layer.unpacked_size for layer in layers) else ", the base not counted"
    yield f"\nBuilt {order.output.reference} in {seconds:.1f} s"
    yield f"  digest  {built.image.digest}"
    yield f"  where   {written.where}"
    compressed = bytes_text(sum(layer.size for layer in layers))
    yield f"  size    {unpacked} unpacked{unknown}, {compressed} compressed"
    yield f"  layers  {len(layers)}: {reused} reused, {len(layers) - reused} new"
    yield f"  sent    {bytes_text(written.bytes_written)} in {written.layers_written} layers"
    yield "  time    " + " · ".join(f"{phase} {taken:.2f} s" for phase, taken in built.seconds.items())
    if warned:
        yield f"  warned  {'once' if warned == 1 else f'{warned} times'}, see above"


def how_to_run(order: Order, built: Built, architecture: str) -> Iterator[str]:
    """Write the exact command that runs the image from where it now is, and one that asks it."""
    from ..local.reach import Reach, main_port
    from ..runtimes import ports

    variables, its = built.settings.image_environment, built.image.architecture
    listening = ports(variables)
    main = (main_port(listening),) if listening else ()
    there = "" if its == architecture else f"on linux/{its}: "
    yield f"  run     {there}{run_command(order, built, main)}"
    # The Python of conda is in the image alone.
    if order.output.kind == "oci" and not built.lock.own_python:
        yield f"  or      seldon-python serve {quote(str(order.folder))}   (with no container engine)"
    for command in Reach.of("localhost", main, variables).asking():
        yield f"  ask     {command}"


def run_command(order: Order, built: Built, published: Sequence[Port]) -> str:
    """Write the command that runs the image, with its ``published`` ports on those of this machine."""
    name, path = order.output.reference, order.output.path
    run = " ".join(("docker run --rm", *(f"-p {port.number}:{port.number}" for port in published)))
    if order.output.kind == "oci":
        copied = f"skopeo copy {quote(f'oci:{path}:{name.tag}')} docker-daemon:{name}"
        return f"{copied} && {run} {name}"
    if order.output.kind == "archive":
        return f"docker load -i {quote(path)} && {run} {name}"
    if order.output.kind == "registry":
        return f"{run} {name.host}/{name.remote_repository}@{built.image.digest}"
    return f"{run} {name}"
