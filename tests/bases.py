"""Base images for tests: real ones from Debian, made once per run, and small ones of given tars."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from seldon_builder.base import Base, default_base
from seldon_builder.base.debian import host_architecture
from seldon_builder.digest import Digest
from seldon_builder.events import silent
from seldon_builder.image import Image
from seldon_builder.layer import Layer, LayerKind
from seldon_builder.store import Store

FOREIGN = {"amd64": "arm64", "arm64": "amd64"}[host_architecture()]


def store_of_run(factory: pytest.TempPathFactory) -> Store:
    """A store that all processes of a test run share, so that each base is made once."""
    root = factory.getbasetemp()
    return Store((root.parent if root.name.startswith("popen-") else root) / "bases")


def debian(factory: pytest.TempPathFactory, architecture: str = "", suite: str = "trixie") -> Base:
    """A real base, by default of this machine's architecture."""
    return default_base(suite, architecture or host_architecture(), store_of_run(factory), silent)


def member(name: str, content: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """A member of a tar: a file, or what ``type`` says."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o755
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def folder(name: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.DIRTYPE)


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.SYMTYPE, linkname=target)


def tar(members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return output.getvalue()


def layer(store: Store, members: Iterable[tuple[tarfile.TarInfo, bytes]], packed: str = "gzip") -> Layer:
    """A layer of a tar with these members, packed as ``packed`` says: gzip, members, plain."""
    content = tar(members)
    if packed == "gzip":
        data = gzip.compress(content, 1, mtime=0)
    elif packed == "members":
        data = b"".join(gzip.compress(content[at : at + 700], mtime=0) for at in range(0, len(content), 700))
    else:
        data = content
    return stored(store, data, hashlib.sha256(content).hexdigest(), len(content))


def stored(store: Store, data: bytes, diff_id: str, unpacked_size: int = 0) -> Layer:
    digest = store.add(data)
    return Layer(
        digest, Digest(diff_id), len(data), unpacked_size, LayerKind.BASE, "test", source=store.blob(digest)
    )


def image(
    store: Store, *layers: Iterable[tuple[tarfile.TarInfo, bytes]], config: Mapping[str, Any] | None = None
) -> Image:
    """An image of layers with these members."""
    made = (layer(store, members) for members in layers)
    return Image(host_architecture(), config=config or {}).with_layers(*made)
