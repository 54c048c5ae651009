"""What the server counts while it serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..component.unit import Unit


class Recorder:
    """Counts requests, the component's own metrics, and rewards."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def began(self, protocol: str) -> None:
        """A request came in, over ``rest`` or ``grpc``."""

    def ended(self, method: str, protocol: str, code: str, seconds: float) -> None:
        """A request was answered: by which method (``predict``, ``transform_input`` ...), with which code."""

    def custom(self, metrics: Iterable[Mapping[str, object]], method: str) -> None:
        """Take the component's metrics, which are valid; ``method`` is that of the component."""

    def reward(self, reward: float) -> None:
        """A client rewarded, or punished, an earlier answer."""
