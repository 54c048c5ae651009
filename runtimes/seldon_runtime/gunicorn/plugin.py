"""The gunicorn runtime: several processes that serve the same model, and a master that replaces them."""

from __future__ import annotations

from collections.abc import Mapping

from ..hookspecs import hookimpl
from ..runtime import Role, Runtime, Serve

REQUIREMENTS = ("gunicorn>=20.1",)
# Each asks for what a process alone cannot do, or cannot do in gunicorn's words.
ASKING = (
    "GUNICORN_MAX_REQUESTS",
    "GUNICORN_MAX_REQUESTS_JITTER",
    "GUNICORN_KEEPALIVE",
    "GUNICORN_TIMEOUT",
    "GUNICORN_GRACEFUL_TIMEOUT",
)


def load() -> Serve:
    """Import gunicorn."""
    from .master import serve

    return serve


@hookimpl
def seldon_runtime(settings: Mapping[str, str]) -> Runtime:
    """Serve with more than one worker, or where a variable asks for what gunicorn does with one."""
    # No workers means no REST, as in older wrappers; what is no number is refused where it is read.
    several = settings.get("GUNICORN_WORKERS", "").strip() not in ("", "0", "1")
    # Platforms write what they leave as it is: a limit of 0 is none.
    asked = any(settings.get(name, "").strip() not in ("", "0") for name in ASKING)
    return Runtime(
        "gunicorn",
        REQUIREMENTS,
        (),
        load,
        active=several or asked,
        role=Role.PROCESS,
        asked_by=("GUNICORN_WORKERS", *ASKING),
    )
