"""The wheels that were built, kept in the store: one folder for each set of inputs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..dependencies.resolver import BUILT
from ..digest import Digest
from ..layers.content_digests import file_digest
from ..store import Store, touch
from .made_wheel import normalised

_RECORD = "built"


@dataclass(frozen=True)
class Built:
    """A wheel that was built; ``without_modules`` tells that only its dependencies were taken."""

    wheel: Path
    without_modules: bool = False


def kept(store: Store, key: Digest) -> Built | None:
    """Return what was built of the inputs ``key``, None where it is not here as it was."""
    record = store.record(_RECORD, key)
    if record is None:
        return None
    wheel = _place(store, key) / str(record.get("wheel", ""))
    if not wheel.is_file() or file_digest(wheel, store).hex != record.get("sha256"):
        return None
    touch(wheel.parent)
    return Built(wheel, bool(record.get("without_modules")))


def keep(store: Store, key: Digest, made: Path, package: str, *, without_modules: bool) -> Built:
    """Check a wheel that a build made and keep it as the one of ``key``."""
    place = _place(store, key)
    place.mkdir(parents=True, exist_ok=True)
    partial = place / f".{os.getpid()}"
    partial.mkdir(exist_ok=True)
    try:
        fresh = normalised(made, partial, package)
        wheel = fresh.replace(place / made.name)
    finally:
        for left in partial.iterdir():
            left.unlink()
        partial.rmdir()
    record = {
        "wheel": wheel.name,
        "sha256": file_digest(wheel, store).hex,
        "without_modules": without_modules,
    }
    store.keep(_RECORD, key, record)
    return Built(wheel, without_modules)


def _place(store: Store, key: Digest) -> Path:
    return store.root.absolute() / BUILT / key.hex
