"""The whole contract of run-side plugins.

A plugin is a module with functions marked ``@seldon_runtime.hookspecs.hookimpl``, registered as an entry
point of the group ``seldon_runtime``.
"""

from __future__ import annotations

from collections.abc import Mapping

import pluggy

from .runtime import Runtime

PROJECT = "seldon"
GROUP = "seldon_runtime"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def seldon_runtime(settings: Mapping[str, str]) -> Runtime | None:
    """Return your runtime, ``active`` where these variables want it; None where it cannot serve at all.

    Import what the server needs in ``load``: this is called to learn what there is, wanted or not, and by a
    build, of our own runtimes, to learn what an image must hold.
    """
