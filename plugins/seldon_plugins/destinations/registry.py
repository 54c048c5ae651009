"""Images into a registry: ``--output registry``."""

from __future__ import annotations

from seldon_builder import hookimpl
from seldon_builder.destination import Destination, Output
from seldon_builder.events import Emit


@hookimpl
def seldon_destination(output: Output, emit: Emit) -> Destination | None:
    """Return what pushes images."""
    if output.kind != "registry":
        return None
    from seldon_builder.registry.push import RegistryDestination

    return RegistryDestination(output.reference, output.connections, emit, output.insecure)
