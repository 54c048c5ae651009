"""Look at, check and shrink a store, while builds may be using it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from . import stored_record
from .base.rootfs import remove
from .digest import SHA256_HEX, Digest
from .errors.store import BlobCorrupt
from .layers.encoder import CHUNK
from .store import SESSION, Store, explained

# A file's writer locks it a moment after it made it; younger ones are left alone.
SETTLED_AFTER = 60.0
# Records of these kinds are worth nothing without the blob that they lead to.
_LEADING = ("layers", "bytecode", "bases")
_TREES = ("rootfs", "environments", "built")
# The engines' own caches, which go as a whole. The runs that pip-tools' holds besides are temporary.
_CACHES = ("uv", "pip-tools", "local-wheels")


def usage(store: Store) -> list[tuple[str, int, int]]:
    """Return, of each kind of content, how many pieces there are and their bytes on the disk."""
    kinds = [("blobs", list((store.root / "blobs").iterdir())), ("records", list(_records(store)))]
    kinds += [(name, list(_trees(store, name))) for name in _TREES]
    kinds += [(name, list(_caches(store, name))) for name in _CACHES]
    kinds.append(("temporary", [*(store.root / "tmp").iterdir(), *_runs(store)]))
    return [(name, len(paths), sum(_size(path) for path in paths)) for name, paths in kinds]


def verify(store: Store) -> list[Digest]:
    """Read every blob and record, discard the damaged and what leads nowhere; return the damaged blobs."""
    with explained(store.root):
        discarded = [digest for digest in _digests(store) if not _is_whole(store, digest)]
        for path in _records(store):
            if _record(path) is None:
                _discard(path)
        _drop_leading_nowhere(store)
    return discarded


def prune(store: Store, keep_seconds: float, now: float) -> int:
    """Remove what was not used in the last ``keep_seconds`` and return the bytes that this freed.

    What a running build used, or may come to use, stays: it has been used since that build began. Only
    trees and caches do not tell what of them is in use, so they stay as long as any build runs. None begins
    before this ends.
    """
    with store.gate(fcntl.LOCK_EX):
        return _prune(store, keep_seconds, now)


def _prune(store: Store, keep_seconds: float, now: float) -> int:
    running = [path.stat().st_mtime for path in _sessions(store)]
    cutoff = min([now - keep_seconds, *running])
    freed = sum(_remove(path, cutoff) for path in (*(store.root / "blobs").iterdir(), *_records(store)))
    if not running:
        freed += sum(_remove(path, cutoff) for name in _TREES for path in _trees(store, name))
        freed += sum(_remove(path, now - SETTLED_AFTER) for path in _half_trees(store))
        caches = (path for name in _CACHES for path in _caches(store, name))
        freed += sum(_remove(path, now) for path in caches if _last_change(path) < cutoff)
        freed += sum(_remove(path, now - SETTLED_AFTER) for path in _runs(store))
    freed += sum(_remove(path, now - SETTLED_AFTER) for path in _abandoned(store, is_quiet=not running))
    _drop_leading_nowhere(store)
    return freed


def _records(store: Store) -> Iterator[Path]:
    return (store.root / "records").glob("*/*.json")


def _trees(store: Store, name: str) -> Iterator[Path]:
    # What begins with a dot is a lock, a seal, or half a tree that its maker holds a lock for.
    return (path for path in (store.root / name).glob("*") if not path.name.startswith("."))


def _half_trees(store: Store) -> Iterator[Path]:
    """Yield what killed builds left of trees, and the seals of trees that are gone."""
    yield from (store.root / "rootfs").glob(".*.partial")
    for note in (store.root / "rootfs").glob(".*.seal"):
        if not note.with_name(note.stem[1:]).exists():
            yield note


def _caches(store: Store, name: str) -> Iterator[Path]:
    # pip-tools' cache lies beside its runs.
    place = store.root / name / ("cache" if name == "pip-tools" else "")
    return (path for path in (place,) if path.is_dir())


def _runs(store: Store) -> Iterator[Path]:
    for name in ("pip-tools", "building"):
        yield from (store.root / name).glob("run-*")


def _last_change(cache: Path) -> float:
    """Return when anything in a cache changed: what an engine asks the index again, it writes anew."""
    return max(path.lstat().st_mtime for path in (cache, *cache.rglob("*")))


def _digests(store: Store) -> list[Digest]:
    names = (path.name for path in (store.root / "blobs").iterdir())
    return sorted(Digest(name) for name in names if SHA256_HEX.fullmatch(name))


def _is_whole(store: Store, digest: Digest) -> bool:
    path = store.blob(digest).path
    if path.exists() and not path.is_file():
        _discard(path)
        return False
    try:
        used = path.stat().st_mtime
        with store.blob(digest).open() as blob:
            while blob.read(CHUNK):
                pass
        # To be looked at is not to be used.
        os.utime(path, (used, used))
    except BlobCorrupt:
        return False
    except FileNotFoundError:
        pass
    return True


def _drop_leading_nowhere(store: Store) -> None:
    for kind in _LEADING:
        for path in (store.root / "records" / kind).glob("*.json"):
            if not _leads_to_a_blob(store, path):
                _discard(path)


def _leads_to_a_blob(store: Store, path: Path) -> bool:
    record = _record(path)
    if record is None:
        return False
    try:
        found = (store.root / "blobs" / Digest.parse(record["digest"]).hex).stat().st_size
        return bool(found == record["size"])
    except (KeyError, TypeError, ValueError, FileNotFoundError):
        return False


def _record(path: Path) -> stored_record.Record | None:
    """Return what was kept at ``path``; None where that is not what stands there."""
    try:
        # A pipe would not end.
        return stored_record.read(path) if path.is_file() else None
    except (FileNotFoundError, ValueError):
        return None


def _discard(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove(path)
    else:
        path.unlink(missing_ok=True)


def _sessions(store: Store) -> Iterator[Path]:
    """Yield the files of the builds that run now."""
    files = (store.root / "tmp").glob(f"{SESSION}*")
    return (path for path in files if path != store.session and _is_locked(path))


def _abandoned(store: Store, *, is_quiet: bool) -> list[Path]:
    """Return what in ``tmp`` no living process holds a lock for; folders have none, so they need quiet."""
    paths = (store.root / "tmp").iterdir()
    return [path for path in paths if (is_quiet if path.is_dir() else not _is_locked(path))]


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


def _remove(path: Path, unused_since: float) -> int:
    """Remove what was not used since a moment, by the time it has right now; return the bytes freed."""
    try:
        if path.stat().st_mtime >= unused_since:
            return 0
        size = _size(path)
        remove(path)
    except FileNotFoundError:
        # Another process was faster.
        return 0
    return size


def _size(path: Path) -> int:
    """Return the bytes of a file or tree on the disk."""
    total = 0
    for each in (path, *(path.rglob("*") if path.is_dir() else ())):
        try:
            total += each.lstat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total
