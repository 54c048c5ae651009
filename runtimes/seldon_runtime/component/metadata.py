"""What a component says of itself at /metadata."""

from __future__ import annotations

from collections.abc import Mapping

from .unit import Unit


class Metadata:
    """Name, versions, platform, inputs and outputs, from MODEL_METADATA and init_metadata()."""

    def __init__(self, user: object, unit: Unit) -> None:
        self._user, self._unit = user, unit

    @property
    def document(self) -> Mapping[str, object]:
        """Return the metadata; MetadataInvalid where what the author gave is none."""
        return {}
