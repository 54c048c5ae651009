"""Bytecode of the standard library, the same whenever it is made.

Debian's own is found stale once mtimes are normalised, and its bytes vary.
"""

from __future__ import annotations

import shlex
from importlib import resources

from .labels import PATH


def customize_hook() -> str:
    """Return the shell line that, run with a tree's folder as ``$1``, compiles its standard library."""
    worker = resources.files(__package__ or "").joinpath("stdlib_worker.py").read_text()
    forget = 'find "$1/usr" -name __pycache__ -prune -exec rm -rf {} +'
    # Not -I or -E, which would ignore the hash seed.
    compile_all = f"/usr/bin/python3 -S -W ignore -c {shlex.quote(worker)}"
    return f'{forget} && env -i PATH={PATH} PYTHONHASHSEED=0 chroot "$1" {compile_all}'
