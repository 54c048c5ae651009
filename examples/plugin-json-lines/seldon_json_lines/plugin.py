"""When the model is served line by line, and where."""

from __future__ import annotations

from collections.abc import Mapping

from seldon_runtime.hookspecs import hookimpl
from seldon_runtime.runtime import Port, Runtime, Start
from seldon_runtime.variables import boolean

PORT = Port("lines", 7000, "JSON_LINES_PORT")


def load() -> Start:
    """Import what serves: only now, in the process that does, and before the model's own modules."""
    from .front import JsonLines

    return JsonLines.start


@hookimpl
def seldon_runtime(settings: Mapping[str, str]) -> Runtime:
    """Serve where JSON_LINES says so."""
    return Runtime("json-lines", (), (PORT,), load, active=boolean(settings, "JSON_LINES"))
