"""Images into one file: ``--output archive:FILE``."""

from __future__ import annotations

from pathlib import Path

from seldon_builder import hookimpl
from seldon_builder.destination import Destination, Output
from seldon_builder.events import Emit


@hookimpl
def seldon_destination(output: Output, emit: Emit) -> Destination | None:
    """Return what writes images into a file."""
    if output.kind != "archive":
        return None
    from seldon_builder.media.archive import ArchiveDestination

    return ArchiveDestination(Path(output.path), output.reference, emit)
