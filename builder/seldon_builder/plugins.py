"""Which plugins take part in a build, and where they come from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pluggy

from . import hookspecs
from .entry_points import EntryPoint, entry_points
from .errors.plugins import PluginBroken, PluginInvalid

GROUP = "seldon"
OURS = "seldon-python"


@dataclass(frozen=True)
class LoadedPlugin:
    """A plugin: its name, the distribution and version it came from, the hooks it implements."""

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...]


def load_plugins() -> pluggy.PluginManager:
    """Register the entry points of the group ``seldon``, ours first, so that others are asked before us.

    PluginBroken where one cannot be imported, PluginInvalid where one implements a hook that does not exist.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for entry in _entry_points():
        try:
            manager.register(entry.load(), name=entry.name)
        except (pluggy.PluginValidationError, ValueError) as error:
            raise PluginInvalid(entry.name, entry.distribution, str(error)) from error
        except Exception as error:
            raise PluginBroken(entry.name, entry.distribution, error) from error
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginInvalid(str(manager.get_name(error.plugin)), "", str(error)) from error
    return manager


def loaded(manager: pluggy.PluginManager) -> Iterator[LoadedPlugin]:
    """List what ``manager`` holds, in the order in which it was registered."""
    for entry in _entry_points():
        plugin = manager.get_plugin(entry.name)
        hooks = tuple(sorted(caller.name for caller in manager.get_hookcallers(plugin) or ()))
        yield LoadedPlugin(entry.name, entry.distribution, entry.version, hooks)


def _entry_points() -> list[EntryPoint]:
    return sorted(
        entry_points(GROUP, sys.path),
        key=lambda entry: (entry.distribution != OURS, entry.distribution, entry.name),
    )
