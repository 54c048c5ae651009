"""The version of seldon-core whose imports these are."""

from __future__ import annotations

# Some models ask for it to choose between older and newer ways.
__version__ = "1.17.1"
