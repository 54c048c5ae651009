"""Images into the Docker engine: ``--output docker``."""

from __future__ import annotations

from seldon_builder import hookimpl
from seldon_builder.destination import Destination, Output
from seldon_builder.events import Emit


@hookimpl
def seldon_destination(output: Output, emit: Emit) -> Destination | None:
    """Return what loads images into the engine."""
    if output.kind != "docker":
        return None
    from seldon_builder.media.daemon import DaemonDestination

    return DaemonDestination(output.reference, output.connections, emit)
