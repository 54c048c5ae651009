"""The bytecode of artifacts, made by the image's own Python, as layers of their own.

What decides the bytes: the artifact, the exact version of the interpreter and the layout version. The order
and state in which files are compiled is part of the last (see bytecode_worker). They are filed under the
interpreter's identity, which tells the bases of users apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from ..digest import Digest
from ..entry import Entry, PartOfFile
from ..layer import Layer, LayerKind
from ..lock import Artifact
from ..prefix import DEPENDENCIES, site_packages
from ..store import BlobWriter, Record, Store
from ..target import Target
from .compiling import Compiler, pyc_entry
from .encoder import CHUNK, PlainEncoder
from .packing import cache_key, write_tar


class _NoBytecode(Exception):
    """None of the artifacts holds a file that can be compiled."""


Filed = Callable[[Artifact], str]


def by_content(artifact: Artifact) -> str:
    """File an artifact under its own bytes."""
    return artifact.sha256.hex


@dataclass(frozen=True)
class Recipe:
    """How the bytecode of one kind of artifact is made, into a file, and what an artifact is filed under.

    ``make`` returns the parts of that file by the paths of the pyc in the image.
    """

    make: Callable[[Artifact, BinaryIO], dict[str, PartOfFile]]
    filed: Filed = by_content


def bytecode_layer(
    store: Store,
    artifacts: Sequence[Artifact],
    target: Target,
    compiler: Compiler,
    created_by: str,
    recipe: Recipe | None = None,
) -> Layer | None:
    """Return the layer with the bytecode of ``artifacts``; None where they hold no Python.

    Without a ``recipe`` they are wheels.
    """
    recipe = recipe or Recipe(partial(_of_wheel, store=store, target=target, compiler=compiler))

    def pack(writer: BlobWriter) -> tuple[Digest, int]:
        with ExitStack() as opened:
            entries = list(_entries(store, artifacts, recipe, compiler.identity, opened))
            if not entries:
                raise _NoBytecode
            encoder = PlainEncoder(writer)
            write_tar(encoder, entries)
            return encoder.finish()

    key = bytecode_key(artifacts, compiler.identity, recipe.filed)
    if store.record("no-bytecode", key) is not None:
        return None
    try:
        return store.layer(key, LayerKind.BYTECODE, created_by, pack)
    except _NoBytecode:
        store.keep("no-bytecode", key, {})
        return None


def is_compiled(
    store: Store, artifacts: Sequence[Artifact], identity: str, filed: Filed = by_content
) -> bool:
    """Tell whether ``bytecode_layer`` would run no interpreter."""
    key = bytecode_key(artifacts, identity, filed)
    return store.record("no-bytecode", key) is not None or bool(
        store.known_layer(key, LayerKind.BYTECODE, "")
    )


def bytecode_key(artifacts: Sequence[Artifact], identity: str, filed: Filed = by_content) -> Digest:
    """Digest what the bytecode of ``artifacts`` is filed under, with the interpreter's identity."""
    return cache_key("bytecode", identity, DEPENDENCIES, *map(filed, artifacts))


def _entries(
    store: Store, artifacts: Sequence[Artifact], recipe: Recipe, identity: str, opened: ExitStack
) -> Iterator[Entry]:
    if len(artifacts) == 1:
        results = opened.enter_context(store.scratch())
        found = recipe.make(artifacts[0], results)
        yield from (pyc_entry(path, pyc) for path, pyc in found.items())
        return
    # In a shared layer each artifact's bytecode is kept, so that one new one does not compile them all.
    for artifact in artifacts:
        yield from _kept(store, artifact, recipe, identity, opened)


def _of_wheel(
    artifact: Artifact, results: BinaryIO, *, store: Store, target: Target, compiler: Compiler
) -> dict[str, PartOfFile]:
    from .wheel_archive import WheelContent, open_wheel
    from .wheel_content import wheel_entries

    site = site_packages(target.python) + "/"
    with open_wheel(store, artifact) as wheel:
        sources = [
            entry
            for entry in wheel_entries(wheel, target.python)
            if entry.path.startswith(site)
            and entry.path.endswith(".py")
            and isinstance(entry.content, WheelContent)
        ]
        return compiler.compile(sources, store, results)


def _kept(
    store: Store, artifact: Artifact, recipe: Recipe, identity: str, opened: ExitStack
) -> Iterator[Entry]:
    """Yield the bytecode of an artifact, compiled once for all layers that share it."""
    key = bytecode_key([artifact], identity, recipe.filed)
    record = store.record("bytecode", key)
    if record is None or not store.has(Digest.parse(record["digest"]), record["size"]):
        record = _keep(store, key, artifact, recipe)
    blob = store.blob(Digest.parse(record["digest"]))
    with blob.open() as verified:
        while verified.read(CHUNK):
            pass
    file = opened.enter_context(blob.path.open("rb"))
    for path, (start, size) in record["files"].items():
        yield pyc_entry(path, PartOfFile(file, start, size))


def _keep(store: Store, key: Digest, artifact: Artifact, recipe: Recipe) -> Record:
    with store.scratch() as results, store.writer() as writer:
        found = recipe.make(artifact, results)
        results.seek(0)
        while data := results.read(CHUNK):
            writer.write(data)
        files = {path: [pyc.start, pyc.size] for path, pyc in found.items()}
        record = {"digest": str(writer.commit()), "size": writer.size, "files": files}
    store.keep("bytecode", key, record)
    return record
