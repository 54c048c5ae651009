"""From entries to a layer of the store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from ..digest import Digest
from ..entry import Entry, folder
from ..errors.layers import ContentChanged
from ..layer import Layer, LayerKind
from ..prefix import APP, LAYERS, LAYOUT_VERSION
from ..store import BlobWriter, Store
from .encoder import PlainEncoder, TarEncoder
from .tar import TRAILER, header, padding

_READ = 1 << 20
Copy = Callable[[TarEncoder, Entry], None]


def layer_from_entries(
    store: Store,
    key: Digest,
    kind: LayerKind,
    created_by: str,
    entries: Iterable[Entry],
) -> Layer:
    """Return the layer of ``key``; ``entries`` are looked at only where the store lacks it."""

    def pack(writer: BlobWriter) -> tuple[Digest, int]:
        encoder = PlainEncoder(writer)
        write_tar(encoder, entries)
        return encoder.finish()

    return store.layer(key, kind, created_by, pack)


def cache_key(*parts: str) -> Digest:
    """Digest ``parts`` and the layout version: what decides the bytes of a layer."""
    whole = hashlib.sha256()
    for part in (LAYOUT_VERSION, *parts):
        # The length keeps ("ab", "c") apart from ("a", "bc").
        data = part.encode("utf-8", "surrogateescape")
        whole.update(b"%d:%s," % (len(data), data))
    return Digest(whole.hexdigest())


def write_tar(encoder: TarEncoder, entries: Iterable[Entry], copy: Copy | None = None) -> None:
    """Write ``entries`` and their parent folders as a tar, sorted; ``copy`` writes the content of a file."""
    copy = copy or copy_content
    for entry in complete(entries):
        encoder.write(header(entry))
        if entry.content is not None:
            copy(encoder, entry)
            encoder.write(padding(entry.size))
    encoder.write(TRAILER)


def copy_content(encoder: TarEncoder, entry: Entry) -> None:
    """Write the bytes of ``entry``; ContentChanged unless they are as many as it says."""
    assert entry.content is not None
    left = entry.size
    with entry.content.open() as content:
        while left and (data := content.read(min(left, _READ))):
            left -= len(data)
            encoder.write(data)
        surplus = 0 if left else len(content.read(1))
    if left or surplus:
        raise ContentChanged(entry.path, entry.size, entry.size - left + surplus)


def complete(entries: Iterable[Entry]) -> list[Entry]:
    """Add the parent folders that are missing and sort as Go's ``filepath.Walk`` goes."""
    known = {entry.path: entry for entry in entries}
    for path in list(known):
        parent = path.rpartition("/")[0]
        while parent and parent not in known:
            known[parent] = _parent_folder(parent)
            parent = parent.rpartition("/")[0]
    return sorted(known.values(), key=_walk_order)


def _parent_folder(path: str) -> Entry:
    is_ours = any(path == root or path.startswith(f"{root}/") for root in (LAYERS, APP))
    return folder(path) if is_ours else Entry(path, 0o755, user=0, group=0)


def _walk_order(entry: Entry) -> list[bytes]:
    # Name by name: what "a" holds comes before "a-b".
    return entry.path.encode("utf-8", "surrogateescape").split(b"/")
