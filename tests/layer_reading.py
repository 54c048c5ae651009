"""What the tests of layers share: artifacts of hand-made wheels, and readers that are not ours."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from seldon_builder.layer import Layer
from seldon_builder.lock import Artifact
from seldon_builder.store import Store

PREFIX = "/layers/seldon_python/dependencies"
Files = Mapping[str, bytes] | Mapping[zipfile.ZipInfo, bytes] | Mapping[str | zipfile.ZipInfo, bytes]
SITE = f"{PREFIX}/lib/python3.13/site-packages"


def members(layer: Layer) -> dict[str, tarfile.TarInfo]:
    with layer.open() as blob, tarfile.open(fileobj=blob, mode="r:gz") as archive:
        return {member.name: member for member in archive}


def contents(layer: Layer) -> dict[str, bytes]:
    return dict(_contents(layer))


def _contents(layer: Layer) -> Iterator[tuple[str, bytes]]:
    with layer.open() as blob, tarfile.open(fileobj=blob, mode="r:gz") as archive:
        for member in archive:
            if member.isfile():
                file = archive.extractfile(member)
                assert file is not None
                yield member.name, file.read()


def unpack(layers: Sequence[Layer], root: Path) -> None:
    """Unpack layers with GNU tar, bottom first."""
    root.mkdir(exist_ok=True)
    for layer in layers:
        with layer.open() as blob:
            data = blob.read()
        command = ["tar", "-xzf", "-", "-C", str(root), "--no-same-owner"]
        subprocess.run(command, input=data, check=True, stderr=subprocess.DEVNULL)


def wheel_bytes(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name) if isinstance(name, str) else name
            archive.writestr(info, data, method)
    return buffer.getvalue()


def stored(store: Store, data: bytes, name: str = "demo", version: str = "1.0") -> Artifact:
    """Put a wheel into the store as if it had been fetched."""
    url = f"file:///wheels/{name}-{version}-py3-none-any.whl"
    return Artifact(name, version, url, store.add(data), len(data))


def stored_as_named(store: Store, data: bytes) -> Artifact:
    """Put a wheel into the store; its ``.dist-info`` folder tells what it is of."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        folders = [name.partition("/")[0] for name in archive.namelist()]
    info = next(name.removesuffix(".dist-info") for name in folders if name.endswith(".dist-info"))
    return stored(store, data, *info.split("-"))


def demo(files: Files, name: str = "demo", version: str = "1.0") -> bytes:
    """Make a wheel of these files and the least metadata."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    whole: dict[str | zipfile.ZipInfo, bytes] = {f"{info}/METADATA": metadata, f"{info}/RECORD": b""}
    for name_of, data in files.items():
        whole[name_of] = data
    return wheel_bytes(whole)


@dataclass
class LocalInterpreter:
    """The Python of these tests in the role of the base's.

    ``runs`` tells how often it was started; ``arguments``, if given, what it runs instead of what it should;
    ``base`` names the image that it is of, where it is not one of ours, ``memory`` the bytes it may have.
    """

    version: str = ".".join(map(str, sys.version_info[:3]))
    path: str = sys.executable
    arguments: Sequence[str] = ()
    runs: list[Sequence[str]] = field(default_factory=list)
    base: str = ""
    memory: str = "unlimited"

    @property
    def identity(self) -> str:
        return f"{self.version} {self.base}".strip()

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: BinaryIO,
        stdout: BinaryIO,
        environment: Mapping[str, str],
        shared: Path | None = None,  # noqa: ARG002 - the protocol's
    ) -> None:
        self.runs.append(arguments)
        limited = ["prlimit", f"--as={self.memory}"]
        command = [*limited, self.path, *(self.arguments or arguments)]
        subprocess.run(command, stdin=stdin, stdout=stdout, env=dict(environment), check=True)
