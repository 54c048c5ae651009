"""What models written for seldon-core import, where seldon-core itself is not installed."""

from __future__ import annotations

from .storage import Storage
from .version import __version__

__all__ = ["Storage", "__version__"]
