"""How large an unpacked tree was when it was whole, so that what is left of one is never run."""

from __future__ import annotations

import json
import os
from pathlib import Path


def seal(tree: Path, place: Path) -> None:
    """Note how large ``tree`` is, which is to stand at ``place``."""
    _note(place).write_text(json.dumps(_measure(tree)))


def is_whole(place: Path) -> bool:
    """Tell whether a tree stands at ``place`` that lacks nothing of what it had when it was sealed."""
    try:
        entries, size = json.loads(_note(place).read_bytes())
        found_entries, found_size = _measure(place)
        return bool(found_entries >= entries and found_size >= size)
    except (OSError, ValueError, TypeError):
        return False


def doubt(place: Path) -> None:
    """Break the seal of a tree whose programs fail: the next build unpacks it anew."""
    _note(place).unlink(missing_ok=True)


def _note(place: Path) -> Path:
    return place.with_name(f".{place.name}.seal")


def _measure(tree: Path) -> tuple[int, int]:
    """Return the number of paths below ``tree`` and the bytes of its files; reads no content."""
    entries = size = 0
    for folder, folders, files in os.walk(tree):
        entries += len(folders) + len(files)
        size += sum(os.lstat(f"{folder}/{name}").st_size for name in files)
    return entries, size
