"""Wheels of what has none: built isolated from this machine, checked, made reproducible, kept."""

from __future__ import annotations

from .builder import Builder
from .images import BuildImages

__all__ = ["BuildImages", "Builder"]
