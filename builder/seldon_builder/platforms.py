"""One model for several platforms: an image each, and an index that names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .destination import IndexDestination
from .errors.plugins import OutputUnknown
from .lifecycle import Built, Clock, Workshop, again, destination_of, image_of, refuse
from .order import Order


def build_all(orders: Sequence[Order], workshop: Workshop) -> tuple[Built, ...]:
    """Build ``orders``, which differ in their platform alone, and write them under the one name of all."""
    return again(lambda: _build_all(orders, workshop), workshop)


def _build_all(orders: Sequence[Order], workshop: Workshop) -> tuple[Built, ...]:
    first = orders[0]
    destination = destination_of(first, workshop)
    if not isinstance(destination, IndexDestination):
        raise OutputUnknown(str(first.output), platforms=len(orders))
    clocks = [Clock(workshop.emit) for _ in orders]
    made = [image_of(order, workshop, clock) for order, clock in zip(orders, clocks, strict=True)]
    images = [one.image for one in made]
    with clocks[0].phase("write", f"Writing {first.output.reference} to {first.output}"):
        refuse(images, workshop)
        written = destination.write_all(images)
    return tuple(replace(one, written=written) for one in made)
