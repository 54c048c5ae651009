"""Small images, made as real ones are."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from seldon_builder.entry import Bytes, Entry, file
from seldon_builder.image import Image
from seldon_builder.layer import Layer, LayerKind
from seldon_builder.layers.packing import cache_key, layer_from_entries
from seldon_builder.store import Store

# A static amd64 program of 145 bytes that writes "hello" and ends: containers need no base to run it.
_CODE = bytes.fromhex(
    "b801000000bf01000000488d3510000000ba060000000f05b83c00000031ff0f05"  # write(1, message, 6); exit(0)
)


def noise(count: int, seed: str = "") -> bytes:
    """Bytes that do not compress and are the same each time."""
    blocks = (hashlib.sha256(f"{seed}{number}".encode()).digest() for number in range(count // 32 + 1))
    return b"".join(blocks)[:count]


def make_layer(store: Store, name: str, data: bytes, kind: LayerKind = LayerKind.DEPENDENCIES) -> Layer:
    """A layer with the one file /NAME."""
    return layer_from_entries(
        store, cache_key(name, hashlib.sha256(data).hexdigest()), kind, name, [file(f"/{name}", data)]
    )


def program() -> bytes:
    """A static program for amd64 that says hello."""
    message = b"hello\n"
    address = 0x400000
    code = bytearray(_CODE)
    # lea rsi, [rip + distance]: the message follows the code.
    code[13:17] = (len(_CODE) - 17).to_bytes(4, "little")
    size = 120 + len(code) + len(message)
    elf = b"\x7fELF\x02\x01\x01" + bytes(9) + (2).to_bytes(2, "little") + (62).to_bytes(2, "little")
    elf += (1).to_bytes(4, "little") + (address + 120).to_bytes(8, "little") + (64).to_bytes(8, "little")
    elf += bytes(12) + b"".join(n.to_bytes(2, "little") for n in (64, 56, 1, 0, 0, 0))
    segment = (1).to_bytes(4, "little") + (5).to_bytes(4, "little")
    segment += b"".join(n.to_bytes(8, "little") for n in (0, address, address, size, size, 4096))
    return elf + segment + bytes(code) + message


def make_image(store: Store, app: bytes = b"app", size: int = 200_000, seed: str = "") -> Image:
    """Three layers: a program, ``size`` bytes that do not compress, the app; ``seed`` is in the lowest."""
    run = Entry("/hello", 0o755, len(program()), Bytes(program()))
    entries = [run, file("/seed", seed.encode())]
    base = layer_from_entries(store, cache_key("hello", seed), LayerKind.BASE, "hello", entries)
    config = {"Cmd": ["/hello"], "Env": ["PATH=/"], "Labels": {"purpose": "test"}}
    return Image("amd64", config=config).with_layers(
        base,
        make_layer(store, "noise", noise(size)),
        make_layer(store, "app", app, LayerKind.APP),
    )


def skopeo(*arguments: object) -> str:
    """Run skopeo and return what it prints."""
    return _run("skopeo", *arguments)


def inspect(image: str, *options: str) -> dict[str, Any]:
    """Return what skopeo says of an image."""
    found: dict[str, Any] = json.loads(skopeo("inspect", *options, image))
    return found


def docker(host: str, *arguments: object) -> str:
    """Run docker and return what it prints."""
    return _run("/usr/bin/docker", "-H", host, *arguments)


def unpack(layout: Path, tag: str, place: Path) -> Path:
    """Unpack an image of a layout with umoci and return its root folder."""
    _run("umoci", "unpack", "--rootless", "--image", f"{layout}:{tag}", place)
    return place / "rootfs"


def _run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False, timeout=120)
    assert not done.returncode, done.stderr.decode()
    return done.stdout.decode().strip()
