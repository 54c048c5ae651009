"""How the server tells what happens: lines of text, or JSON objects."""

from __future__ import annotations

import logging

from .settings import ServerSettings

TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def configure_logs(settings: ServerSettings) -> None:
    """Send what is logged, the model's own logs included, to stderr."""
    logging.basicConfig(level=settings.log_level, format=TEXT_FORMAT)
