"""An answer with tags and metrics of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class SeldonResponse:
    """What a method may return instead of its payload: ``data``, with tags and metrics of this answer alone.

    ``seldon_core.user_model.SeldonResponse`` of models written for seldon-core.
    """

    def __init__(
        self,
        data: Any,
        tags: Mapping[str, object] | None = None,
        metrics: Sequence[Mapping[str, object]] | None = None,
    ) -> None:
        self.data = data
        self.tags = {} if tags is None else tags
        self.metrics = [] if metrics is None else metrics

    @classmethod
    def create(cls, data: Any) -> SeldonResponse:
        """Return ``data`` if it is one, else a response that holds it."""
        return data if isinstance(data, cls) else cls(data)


def unwrapped(returned: Any) -> tuple[Any, Any]:
    """Return the payload and the SeldonResponse that it came in, None where it came bare."""
    # By name: it is seldon-core's where that is installed.
    return (returned.data, returned) if type(returned).__name__ == "SeldonResponse" else (returned, None)
