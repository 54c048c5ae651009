"""Spliced layers in the hands of the engine, whose gzip reader is another one."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from seldon_builder.image import Image
from seldon_builder.layers.wheel import wheel_layer
from seldon_builder.store import Store
from seldon_builder.target import Target

from tests.layer_reading import SITE, demo, stored


def archive(image: Image, name: str) -> bytes:
    """Make the archive that ``docker load`` reads, its layers as they are stored."""
    layers = {f"{layer.digest.hex}.tar.gz": layer.open().read() for layer in image.layers}
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": list(layers)}]
    files = {"config.json": image.config_bytes, "manifest.json": json.dumps(manifest).encode(), **layers}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.docker
def test_the_engine_unpacks_spliced_layers_to_the_wheels_files(tmp_path: Path, docker_host: str) -> None:
    sources = {f"demo/m{n}.py": f"value = {n}\n".encode() * (n * 7) for n in range(200)}
    sources |= {"demo/large.bin": os.urandom(300_000) + bytes(2_000_000), "demo/empty.py": b""}
    store = Store(tmp_path / "store")
    target = Target("amd64", "3.13.5", "2.41")
    layer = wheel_layer(store, [stored(store, demo(sources))], target, "demo 1.0")
    image = Image("amd64", (layer,), {"Cmd": ["/none"]})
    name = f"seldon-spliced-{os.getpid()}:test"
    docker = ["/usr/bin/docker", "-H", docker_host]

    subprocess.run([*docker, "load"], input=archive(image, name), check=True, capture_output=True)
    try:
        made = subprocess.run([*docker, "create", name], check=True, capture_output=True, text=True)
        copied = subprocess.run(
            [*docker, "cp", f"{made.stdout.strip()}:{SITE}/demo", "-"], check=True, capture_output=True
        )
        subprocess.run([*docker, "rm", made.stdout.strip()], check=True, capture_output=True)
    finally:
        subprocess.run([*docker, "rmi", name], check=True, capture_output=True)

    with tarfile.open(fileobj=io.BytesIO(copied.stdout)) as tar:
        files = {info.name: tar.extractfile(info) for info in tar if info.isfile()}
        found = {path: file.read() for path, file in files.items() if file}
    assert found == sources
