"""The passthrough runtime: predict's bodies as bytes, in every front."""

from __future__ import annotations

from collections.abc import Mapping

from ..hookspecs import hookimpl
from ..runtime import Codec, Role, Runtime
from ..variables import boolean

# For answers that are no bytes but a dict or a list.
REQUIREMENTS = ("orjson>=3.6",)
ASKED_BY = ("PAYLOAD_PASSTHROUGH",)


def load() -> Codec:
    """Import the codec."""
    from .codec import Passthrough

    return Passthrough()


@hookimpl
def seldon_runtime(settings: Mapping[str, str]) -> Runtime:
    """Take part where PAYLOAD_PASSTHROUGH is true."""
    active = boolean(settings, ASKED_BY[0])
    return Runtime("passthrough", REQUIREMENTS, (), load, active=active, role=Role.CODEC, asked_by=ASKED_BY)
