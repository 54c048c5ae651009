"""Images into an OCI layout: ``--output oci:DIR``."""

from __future__ import annotations

from pathlib import Path

from seldon_builder import hookimpl
from seldon_builder.destination import Destination, Output
from seldon_builder.events import Emit


@hookimpl
def seldon_destination(output: Output, emit: Emit) -> Destination | None:
    """Return what writes images into a layout."""
    if output.kind != "oci":
        return None
    from seldon_builder.media.layout import LayoutDestination

    return LayoutDestination(Path(output.path), output.reference, emit)
