"""The lifecycle, the OCI images and the command line of seldon-python.

Plugins import ``hookimpl`` and the values from here; everything else is reached by module.
"""

from __future__ import annotations

from .detection import Detection, Requirement
from .hookspecs import hookimpl

__all__ = ["Detection", "Requirement", "hookimpl"]
