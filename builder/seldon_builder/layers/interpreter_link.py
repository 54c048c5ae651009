"""What makes the prefix a virtual environment of the base's Python: a layer that follows the base alone."""

from __future__ import annotations

from posixpath import dirname

from ..entry import file, folder, link
from ..layer import Layer, LayerKind
from ..prefix import DEPENDENCIES, PYTHON, RUNTIME, site_packages
from ..store import Store
from ..target import Target
from .packing import cache_key, layer_from_entries


def interpreter_layer(store: Store, target: Target) -> Layer:
    """Return the layer that links the prefix to the base's interpreter, and the runtime into its path."""
    site = site_packages(target.python)
    config = (
        f"home = {dirname(target.python_path)}\n"
        "include-system-site-packages = false\n"
        f"version = {target.python_version}\n"
    )
    entries = [
        file(f"{DEPENDENCIES}/pyvenv.cfg", config.encode()),
        link(PYTHON, target.python_path),
        link(f"{DEPENDENCIES}/bin/python3", "python"),
        link(f"{DEPENDENCIES}/bin/python{target.python}", "python"),
        folder(site),
        file(f"{site}/seldon_python.pth", f"{RUNTIME}\n".encode()),
    ]
    key = cache_key("interpreter", target.python_version, target.python_path, DEPENDENCIES, RUNTIME)
    created_by = f"Python {target.python_version} of the base image"
    return layer_from_entries(store, key, LayerKind.INTERPRETER, created_by, entries)
