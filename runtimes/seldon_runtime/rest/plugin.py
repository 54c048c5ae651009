"""The REST runtime: Seldon messages as JSON over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from ..hookspecs import hookimpl
from ..runtime import Port, Runtime, Start

# The lowest versions are those that the tests pass with on Python 3.10; see docs/runtime.md.
REQUIREMENTS = ("httptools>=0.5", "numpy>=1.22", "orjson>=3.6", "uvicorn>=0.17.6", "uvloop>=0.17")
PORTS = (Port("http", 9000, "PREDICTIVE_UNIT_HTTP_SERVICE_PORT", older="PREDICTIVE_UNIT_SERVICE_PORT"),)


def load() -> Start:
    """Import the HTTP server."""
    from .front import RestFront

    return RestFront.start


@hookimpl
def seldon_runtime(settings: Mapping[str, str]) -> Runtime:
    """Serve unless another protocol alone is asked for."""
    api_type = settings.get("API_TYPE", "").strip().upper()
    # Older wrappers were told to leave a protocol out by giving it no workers.
    wanted = api_type in ("", "REST") and settings.get("GUNICORN_WORKERS", "").strip() != "0"
    asked_by = ("API_TYPE", "GUNICORN_WORKERS")
    return Runtime("rest", REQUIREMENTS, PORTS, load, active=wanted, default=not api_type, asked_by=asked_by)
