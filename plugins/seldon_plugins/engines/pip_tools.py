"""The engine "pip-tools": the reference resolver.

It resolves for the machine it runs on and for no other, so pip-compile runs under the target's own
interpreter, and only where this machine can run that natively. Its pins then go through uv, without its
resolver, for the exact artifacts: both engines write the same lock.
"""

from __future__ import annotations

import os

from seldon_builder import hookimpl
from seldon_builder.dependencies.resolver import NO_DEPENDENCIES
from seldon_builder.detection import Detection
from seldon_builder.errors.resolution import EngineFailed, PackageNotFound, VersionNotFound
from seldon_builder.events import Emit
from seldon_builder.interpreter import Interpreter
from seldon_builder.lock import Lock
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store
from seldon_builder.target import Target

ENGINE = "pip-tools"


@hookimpl
def seldon_lock(
    detection: Detection,
    target: Target,
    index: PackageIndex,
    engine: str,
    store: Store,
    emit: Emit,
    interpreter: Interpreter | None,
) -> Lock | None:
    """Lock with pip-compile under the target's own interpreter."""
    if engine != ENGINE:
        return None
    from importlib.metadata import version

    from .pip_tools_resolution import pinned
    from .uv_resolution import Resolution, lock_with_uv

    runs_here = os.uname().machine == target.machine
    if interpreter is None or not runs_here:
        reason = "no interpreter of the base image can be run" if runs_here else "this machine is another"
        raise EngineFailed(
            ENGINE, f"it resolves only for where it runs, and for {target.platform} {reason}.", hint="use uv"
        )
    indexes = (index.index_url, *index.extra_index_urls)
    if with_token := [item.url for item in index.credentials if item.query.reveal() and item.url in indexes]:
        reason = f"it cannot ask an index by a URL with a query ({', '.join(with_token)})."
        raise EngineFailed(ENGINE, reason, hint="use uv, which can")
    if detection.requirements and NO_DEPENDENCIES not in detection.options:
        detection = pinned(detection, interpreter, target, index, store, emit)
    resolution = Resolution(target, index, store, emit, act="Finding the wheels")
    try:
        return lock_with_uv(resolution, detection, f"{ENGINE} {version(ENGINE)}", ("--no-deps",))
    except (PackageNotFound, VersionNotFound) as error:
        if not index.pins:
            raise
        pins = ", ".join(f"{pin.name} to {pin.url}" for pin in index.pins)
        reason = f"it knows no pins ({pins}), and chose what a pinned index does not have. {error.message}"
        raise EngineFailed(ENGINE, reason, hint="use uv, which does") from error
