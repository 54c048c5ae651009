"""What every verb works with: the store, the plugins, and a terminal that shows what happens."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from ..events import Event
from ..lifecycle import Workshop
from ..plugins import load_plugins
from .caller import Caller


@contextmanager
def working(options: argparse.Namespace, caller: Caller) -> Iterator[Workshop]:
    """Open the workshop; events go to the terminal and to the plugins until it closes."""
    plugins, progress = load_plugins(), caller.progress(options)

    def emit(event: Event) -> None:
        progress(event)
        plugins.hook.seldon_event(event=event)

    try:
        yield Workshop(plugins, caller.store(options), emit)
    finally:
        progress.done()
