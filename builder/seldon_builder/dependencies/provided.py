"""Which modules the wheels of a lock provide."""

from __future__ import annotations

from collections.abc import Iterable

from ..lock import CONDA, Artifact, Lock
from ..store import Store

RECORD = "modules"


def modules_of(lock: Lock, store: Store) -> frozenset[str]:
    """Return the top-level modules in the wheels of ``lock``, all of which are in ``store``."""
    return frozenset(module for artifact in lock.artifacts for module in _modules(artifact, store))


def _modules(artifact: Artifact, store: Store) -> Iterable[str]:
    record = store.record(RECORD, artifact.sha256)
    if record is None:
        record = {"modules": sorted(_read(artifact, store))}
        store.keep(RECORD, artifact.sha256, record)
    return tuple(record["modules"])


def _read(artifact: Artifact, store: Store) -> set[str]:
    if artifact.kind == CONDA:
        # Who locked it kept its modules, as it opened it anyway.
        return set()
    from ..layers.wheel_archive import open_wheel

    with open_wheel(store, artifact) as wheel:
        names = wheel.archive.namelist()
    places = [name.split("/") for name in names]
    # What a wheel puts into site-packages by its .data folder is there as well.
    places = [parts[2:] if parts[0].endswith(".data") else parts for parts in places]
    return {
        module_of(parts) for parts in places if parts and parts[0] and not parts[0].endswith(".dist-info")
    }


def module_of(parts: list[str]) -> str:
    """Return the top-level module of a file below site-packages."""
    return parts[0] if len(parts) > 1 else parts[0].split(".")[0]
