"""Where the paths of a package go."""

from __future__ import annotations


def place_of(path: str, python: str, *, is_noarch: bool) -> str:
    """Return where below the prefix a path of a package goes; noarch Python is laid out anew."""
    if not is_noarch:
        return path
    head, _, rest = path.partition("/")
    if head == "site-packages" and rest:
        return f"lib/python{python}/site-packages/{rest}"
    return f"bin/{rest}" if head == "python-scripts" and rest else path


def is_bytecode(path: str) -> bool:
    """Tell whether a path is bytecode, which layers of their own hold (see bytecode.py)."""
    return path.endswith(".pyc") and path.rpartition("/")[0].endswith("__pycache__")
