"""The metrics runtime: what is counted, for Prometheus to read."""

from __future__ import annotations

from collections.abc import Mapping

from ..hookspecs import hookimpl
from ..rest.plugin import REQUIREMENTS
from ..runtime import Port, Role, Runtime, Start
from ..variables import boolean

PORTS = (Port("metrics", 6000, "PREDICTIVE_UNIT_METRICS_SERVICE_PORT"),)


def load() -> Start:
    """Import the HTTP server."""
    from .server import MetricsServer

    return MetricsServer.start


@hookimpl
def seldon_runtime(settings: Mapping[str, str]) -> Runtime:
    """Serve unless SELDON_METRICS says no."""
    wanted = boolean(settings, "SELDON_METRICS", default=True)
    return Runtime("metrics", REQUIREMENTS, PORTS, load, active=wanted, default=True, role=Role.COMPANION)
