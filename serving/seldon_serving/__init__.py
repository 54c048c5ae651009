"""Models and servings: what stands around an image once it is built."""

from __future__ import annotations
