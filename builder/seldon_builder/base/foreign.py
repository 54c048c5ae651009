"""Trees for another architecture: packages are extracted, no program of theirs is run.

What maintainer scripts would have made (accounts, certificates, links, bytecode) is the same for every
architecture, so it is taken from the tree of this machine's architecture.
"""

from __future__ import annotations

import gzip
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from ..image import Image
from ..store import Store
from .tree import Tree, tree_of

# dpkg's list is empty where nothing was installed; scanners read what is in an image from it.
_LIST_PACKAGES = (
    'for deb in "$1"/var/cache/apt/archives/*.deb; do '
    """dpkg-deb --field "$deb" | sed '1a Status: install ok installed'; echo; """
    'done > "$1/var/lib/dpkg/status"'
)
# For mmdebstrap: a tree whose programs do not run here.
OPTIONS = ("--variant=extract", "--include=?essential", f"--extract-hook={_LIST_PACKAGES}")
# Machine code, and the native tree's own records.
_NATIVE_ONLY = re.compile(
    r"etc/ld\.so\.cache|lib\d*|usr/lib\d+(?:/.*)?|usr/lib/[^/]+-linux-gnu/.*|var/(?:lib/dpkg|cache|log)(?:/.*)?"
)
_UNMERGED = re.compile(r"(?:bin|sbin|lib\d*)/")


@contextmanager
def completed(tree: Tree, native: Image, store: Store) -> Iterator[Tree]:
    """Yield ``tree`` with what the ``native`` image's maintainer scripts made."""
    with tempfile.TemporaryFile(dir=store.root / "tmp") as file:
        with native.layers[0].open() as blob:
            shutil.copyfileobj(gzip.GzipFile(fileobj=blob), file)
        yield with_generated(tree, tree_of(cast(BinaryIO, file)))


def with_generated(tree: Tree, native: Tree) -> Tree:
    """Add what no package of ``native`` brings, as far as it serves in ``tree``."""
    owned = _owned(native)
    made = {
        path: member
        for path, member in native.items()
        if path not in tree and path not in owned and not _NATIVE_ONLY.fullmatch(path)
    }
    return {**tree, **{path: made[path] for path in made if _serves(path, tree, native)}}


def _owned(native: Tree) -> set[str]:
    """Return every path that a package brings, by the names of a merged /usr."""
    lists = (
        member.read().decode()
        for path, member in native.items()
        if path.startswith("var/lib/dpkg/info/") and path.endswith(".list")
    )
    paths = (line.lstrip("/") for listed in lists for line in listed.splitlines())
    return {f"usr/{path}" if _UNMERGED.match(path) else path for path in paths}


def _serves(path: str, tree: Tree, native: Tree) -> bool:
    """Tell whether a made path is of use: bytecode is, where its very source is there."""
    folder, cached, name = path.partition("/__pycache__")
    if not cached:
        return True
    if not name:
        return folder in tree
    source = f"{folder}/{name.strip('/').partition('.')[0]}.py"
    return _source(source, tree) is not None and _source(source, tree) == _source(source, native)


def _source(path: str, tree: Tree) -> bytes | None:
    # Bytecode of a linked source (Debian's sitecustomize.py) was compiled from a file outside the library.
    member = tree.get(path)
    return member.read() if member and member.entry.content is not None else None
