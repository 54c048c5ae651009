"""The persistence runtime: a component's state outlives its process, in Redis."""

from __future__ import annotations

from collections.abc import Mapping

from ..hookspecs import hookimpl
from ..runtime import Keep, Role, Runtime
from ..variables import boolean

# The lowest version is the one that the tests pass with on Python 3.10.
REQUIREMENTS = ("redis>=3.5",)
ASKED_BY = ("PERSISTENCE",)


def load() -> Keep:
    """Import the Redis client."""
    from .keeper import keep

    return keep


@hookimpl
def seldon_runtime(settings: Mapping[str, str]) -> Runtime:
    """Keep the state where PERSISTENCE says so; images of older wrappers set it to 0."""
    wanted = boolean(settings, ASKED_BY[0])
    return Runtime("persistence", REQUIREMENTS, (), load, active=wanted, role=Role.STATE, asked_by=ASKED_BY)
