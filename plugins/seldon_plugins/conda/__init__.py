"""Environments of conda: read, solved, locked, and turned into layers without conda."""

from __future__ import annotations

from collections.abc import Mapping

from seldon_builder import Detection, hookimpl
from seldon_builder.events import Emit
from seldon_builder.lock import Lock, LockFile
from seldon_builder.package_index import PackageIndex
from seldon_builder.settings import Settings
from seldon_builder.source import Source
from seldon_builder.store import Store
from seldon_builder.target import Target

from .claiming import CONDA_LOCK, ENVIRONMENT_FILES, LISTS, LISTS_BY_SUBDIR, claimed, holds_the_project

NAME, RANK = "conda", 40
# Where the environment itself installs the project beside it, it comes before the project alone.
RANK_WITH_PROJECT = 29
FILES = (CONDA_LOCK, *ENVIRONMENT_FILES, *LISTS_BY_SUBDIR, *LISTS)


@hookimpl
def seldon_detect(source: Source) -> Detection | None:
    """Claim sources with an environment of conda, its lock or a list of its packages."""
    files = claimed(source)
    if not files:
        return None
    combined = holds_the_project(source, files)
    reason = f"{files[0]} is there"
    if combined:
        reason += ", which installs the project beside it"
    return Detection(NAME, files, reason, locker=NAME, rank=RANK_WITH_PROJECT if combined else RANK)


@hookimpl
def seldon_read(detection: Detection, source: Source, settings: Settings) -> Detection | None:
    """Read the files, without solving anything."""
    if detection.resolver != NAME:
        return None
    from .reading import read

    return read(detection, source, settings)


@hookimpl
def seldon_lock(
    detection: Detection, target: Target, index: PackageIndex, engine: str, store: Store, emit: Emit
) -> Lock | None:
    """Solve for conda's packages, then for the wheels that are to be installed beside them."""
    if engine != NAME:
        return None
    from .locking import Locking, locked

    return locked(Locking(target, index, store, emit), detection)


@hookimpl
def seldon_export(lock: Lock, source: Source, store: Store, others: Mapping[str, str]) -> LockFile | None:
    """Write a lock as ``conda-lock.yml``, which holds all platforms."""
    if lock.kind != NAME:
        return None
    from .lock_writing import written

    return written(lock, source, store, others.get(CONDA_LOCK))
