"""Where things live in an image, whichever door built it."""

from __future__ import annotations

LAYERS = "/layers"
OURS = "/layers/seldon_python"
DEPENDENCIES = "/layers/seldon_python/dependencies"
RUNTIME = "/layers/seldon_python/runtime"
APP = "/workspace"
PYTHON = f"{DEPENDENCIES}/bin/python"
# What the start script sources in images whose environment is to be activated.
ACTIVATION = "/layers/seldon_python/activate"
# Part of every cache key: raise it whenever the bytes of a layer would change for the same inputs.
LAYOUT_VERSION = "1"


def site_packages(python: str) -> str:
    """Return the one site-packages of an image with Python ``python`` ("3.13")."""
    return f"{DEPENDENCIES}/lib/python{python}/site-packages"
