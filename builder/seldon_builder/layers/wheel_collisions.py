"""Which files of wheels cannot lie beside each other, or nowhere: no image with them can be unpacked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..entry import Entry
from ..prefix import DEPENDENCIES
from .wheel_archive import Wheel

# What Linux takes for one name and for a whole path, in bytes.
NAME_AT_MOST, PATH_AT_MOST = 255, 4095


def refuse_collisions(wheel: Wheel, entries: Sequence[Entry], python: str) -> None:
    """Raise WheelMalformed where a file would lie on another, on a folder, or on the environment's own."""
    ours = ("pyvenv.cfg", "bin/python", "bin/python3", f"bin/python{python}")
    taken = {f"{DEPENDENCIES}/{name}" for name in ours}
    folders = folders_above(taken)
    for entry in entries:
        if reason := unpackable(entry.path):
            raise wheel.malformed(reason)
        if entry.path in taken:
            raise wheel.malformed(f"more than one file is meant for {entry.path}")
        taken.add(entry.path)
    _refuse_both(wheel, taken, folders | folders_above(taken))


def beside(wheels: Sequence[Wheel], entries: Sequence[Sequence[Entry]]) -> Iterator[Entry]:
    """Yield the ``entries`` of each of ``wheels``; WheelMalformed where one's file is another's folder."""
    files: set[str] = set()
    folders: set[str] = set()
    for wheel, own in zip(wheels, entries, strict=True):
        paths = {entry.path for entry in own}
        files |= paths
        folders |= folders_above(paths)
        _refuse_both(wheel, files, folders)
        yield from own


def _refuse_both(wheel: Wheel, files: set[str], folders: set[str]) -> None:
    if both := sorted(files & folders):
        raise wheel.malformed(f"{both[0]} would be a file and a folder")


def folders_above(paths: set[str]) -> set[str]:
    """Return all that lies above ``paths``."""
    found: set[str] = set()
    for path in paths:
        above = path.rpartition("/")[0]
        while above and above not in found:
            found.add(above)
            above = above.rpartition("/")[0]
    return found


def unpackable(path: str) -> str:
    """Return why no disk would take a file of this path; nothing where one would."""
    data = path.encode("utf-8", "surrogateescape")
    names = data.split(b"/")
    if len(data) > PATH_AT_MOST or max(map(len, names)) > NAME_AT_MOST:
        return f"a name in it is too long to be unpacked ({path[:80]}...)"
    if names[-1] == b"__pycache__":
        return f"{path} would be a file and a folder"
    return ""
