"""The passthrough runtime: predict's bodies as bytes, in every front."""

from __future__ import annotations

from collections.abc import Mapping

from ..hookspecs import hookimpl
from ..runtime import Codec, Role, Runtime
from ..variables import boolean

# For answers that are no bytes but a dict or a list.
REQUIREMENTS = ("orjson>=3.6",)


def load() -> Codec:
    """Import the codec."""
    from .codec import Passthrough

    return Passthrough()


@hookimpl
def seldon_runtime(settings: Mapping[str, str]) -> Runtime:
    """Take part where PAYLOAD_PASSTHROUGH is true."""
    active = boolean(settings, "PAYLOAD_PASSTHROUGH")
    return Runtime("passthrough", REQUIREMENTS, (), load, active=active, role=Role.CODEC)
