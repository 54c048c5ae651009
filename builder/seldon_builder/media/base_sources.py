"""Where base images come from: a registry, the Docker engine, an OCI layout."""

from __future__ import annotations

from ..registry.pull import image_from_registry
from .daemon_source import image_from_daemon
from .layout_source import image_from_layout

__all__ = ["image_from_daemon", "image_from_layout", "image_from_registry"]
