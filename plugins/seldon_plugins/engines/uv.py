"""The engine "uv": resolves for any target, whatever machine it runs on."""

from __future__ import annotations

from seldon_builder import hookimpl
from seldon_builder.detection import Detection
from seldon_builder.events import Emit
from seldon_builder.lock import Lock
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store
from seldon_builder.target import Target

ENGINE = "uv"


@hookimpl
def seldon_lock(
    detection: Detection, target: Target, index: PackageIndex, engine: str, store: Store, emit: Emit
) -> Lock | None:
    """Lock with ``uv pip compile``, wheels only."""
    if engine != ENGINE:
        return None
    from importlib.metadata import version

    from .uv_resolution import Resolution, lock_with_uv

    return lock_with_uv(Resolution(target, index, store, emit), detection, f"uv {version('uv')}")
