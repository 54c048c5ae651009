"""Which runtimes there are, which of them the settings want, and what they need installed."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import pluggy

from . import hookspecs
from .errors import RuntimesClash, RuntimeUnavailable
from .grpc import plugin as grpc
from .gunicorn import plugin as gunicorn
from .metrics import plugin as metrics
from .passthrough import plugin as passthrough
from .persistence import plugin as persistence
from .rest import plugin as rest
from .runtime import Role, Runtime

PLUGGY = "pluggy>=1.0"
# By name as in the entry points, so that they exist where the package lies without its metadata.
BUILT_INS = {
    "grpc": grpc,
    "gunicorn": gunicorn,
    "metrics": metrics,
    "passthrough": passthrough,
    "persistence": persistence,
    "rest": rest,
}
# Where it is set, by a build, the runtimes that the image was made for.
SLIMMED = "SELDON_RUNTIMES"


def plugins() -> pluggy.PluginManager:
    """Register ours first, then those of other distributions, which are so asked before ours."""
    manager = ours()
    if _others_exist(sys.path):
        manager.load_setuptools_entrypoints(hookspecs.GROUP)
    manager.check_pending()
    return manager


def ours() -> pluggy.PluginManager:
    """Register ours alone: what an image has without anybody else's."""
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
    """Return the runtimes that ``settings`` want.

    RuntimeUnavailable where the image lacks one of them, RuntimesClash where several want to be what there
    can be only one of. A slim image serves without those that are wanted by default only.
    """
    active = [runtime for runtime in available(manager, settings) if runtime.active]
    in_image = [runtime for runtime in active if _in_image(runtime, settings)]
    missing = [runtime for runtime in active if runtime not in in_image and not runtime.default]
    if missing or not any(runtime.role is Role.FRONT for runtime in in_image):
        there = [runtime.name for runtime in available(manager, settings) if _in_image(runtime, settings)]
        raise unavailable(missing, there, settings)
    for role in (Role.PROCESS, Role.CODEC, Role.STATE):
        alike = [runtime.name for runtime in in_image if runtime.role is role]
        if len(alike) > 1:
            raise RuntimesClash(role.value, alike)
    return tuple(in_image)


def unavailable(
    missing: Sequence[Runtime], there: Collection[str], settings: Mapping[str, str]
) -> RuntimeUnavailable:
    """Return what tells that an image with the runtimes ``there`` lacks some, or that no front is active."""
    silent = missing or [one for one in available(ours(), settings) if one.role is Role.FRONT]
    names = sorted({name for runtime in silent for name in runtime.asked_by})
    asked = {name: settings[name] for name in names if settings.get(name, "").strip()}
    return RuntimeUnavailable([runtime.name for runtime in missing], there, asked)


def listed(names: str) -> tuple[str, ...]:
    """Read names with commas or spaces between them."""
    return tuple(sorted({name.lower() for name in names.replace(",", " ").split()}))


def _in_image(runtime: Runtime, settings: Mapping[str, str]) -> bool:
    names = listed(settings.get(SLIMMED, ""))
    # A third party's comes as a requirement of the model: no option of a build takes it away.
    return not names or runtime.name in names or runtime.name not in BUILT_INS


def requirements(names: Collection[str] = ()) -> tuple[str, ...]:
    """Return what an image with these runtimes of ours must hold, all of them by default; sorted, each once.

    A third party's runtime is a requirement of the model like any other, with requirements of its own: one
    that is merely installed beside the builder is no part of an image.
    """
    found = available(ours(), {})
    chosen = (runtime for runtime in found if not names or runtime.name in names)
    return tuple(sorted({line for runtime in chosen for line in runtime.requirements} | {PLUGGY}))
