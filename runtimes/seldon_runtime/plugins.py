"""Which runtimes there are, which of them the settings want, and what they need installed."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pluggy

from . import hookspecs, rest_plugin
from .errors import RuntimeUnavailable
from .runtime import Runtime

PLUGGY = "pluggy>=1.0"
# By name as in the entry points, so that they exist where the package lies without its metadata.
BUILT_INS = {"rest": rest_plugin}


def plugins() -> pluggy.PluginManager:
    """Register ours first, then those of other distributions, which are so asked before ours."""
    manager = _ours()
    if _others_exist(sys.path):
        manager.load_setuptools_entrypoints(hookspecs.GROUP)
    manager.check_pending()
    return manager


def _ours() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for name, module in BUILT_INS.items():
        manager.register(module, name)
    return manager


def _others_exist(path: Iterable[str]) -> bool:
    """Tell whether another distribution offers a runtime.

    importlib.metadata knows too, but takes a tenth of the time in which a server starts to say so.
    """
    files = (file for place in path for file in Path(place).glob("*-info/entry_points.txt"))
    return any(_names(file.read_text("utf-8")) - BUILT_INS.keys() for file in files)


def _names(entry_points: str) -> set[str]:
    section = entry_points.partition(f"[{hookspecs.GROUP}]")[2].partition("\n[")[0]
    return {line.partition("=")[0].strip() for line in section.splitlines() if "=" in line}


def available(manager: pluggy.PluginManager, settings: Mapping[str, str]) -> tuple[Runtime, ...]:
    """Return every runtime, wanted or not, sorted by name."""
    found: Iterable[Runtime] = manager.hook.seldon_runtime(settings=settings)
    return tuple(sorted(found, key=lambda runtime: runtime.name))


def runtimes(manager: pluggy.PluginManager, settings: Mapping[str, str]) -> tuple[Runtime, ...]:
    """Return the runtimes that ``settings`` want; RuntimeUnavailable where there is none."""
    found = available(manager, settings)
    active = tuple(runtime for runtime in found if runtime.active)
    if not active:
        raise RuntimeUnavailable(settings.get("API_TYPE", ""), [runtime.name for runtime in found])
    return active


def requirements(names: Collection[str] = ()) -> tuple[str, ...]:
    """Return what an image with these runtimes of ours must hold, all of them by default; sorted, each once.

    A third party's runtime is a requirement of the model like any other, with requirements of its own: one
    that is merely installed beside the builder is no part of an image.
    """
    found = available(_ours(), {})
    chosen = (runtime for runtime in found if not names or runtime.name in names)
    return tuple(sorted({line for runtime in chosen for line in runtime.requirements} | {PLUGGY}))
