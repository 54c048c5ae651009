"""What a lock that is made anew keeps of the one that lies in the source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seldon_builder.dependencies.resolver import PINNED
from seldon_builder.dependencies.upgrade import ALL
from seldon_builder.detection import Requirement
from seldon_builder.errors.conda import EnvironmentInvalid
from seldon_builder.errors.resolution import PackageWithoutWheel
from seldon_builder.errors.upgrades import UpgradeUnknown
from seldon_builder.lock import Artifact, canonical_name

from .claiming import CONDA_LOCK
from .environment import Environment
from .lock_file import CondaLock, read_conda_lock
from .packages import Listed


@dataclass(frozen=True)
class Earlier:
    """The packages and wheels that keep their versions where they can."""

    packages: tuple[Listed, ...] = ()
    wheels: tuple[Artifact, ...] = ()

    @property
    def pins(self) -> tuple[Requirement, ...]:
        """The wheels as the engine is told of them."""
        return tuple(Requirement(f"{item.name}=={item.version}", PINNED) for item in self.wheels)


def earlier_of(environment: Environment, subdir: str, upgrade: Sequence[str]) -> Earlier:
    """Read the lock of ``environment`` for a platform, without the names in ``upgrade``.

    UpgradeUnknown where it lacks one of those.
    """
    named = {canonical_name(name): name for name in upgrade if name != ALL}
    found = _read(environment, subdir)
    packages, wheels = (found.packages, found.wheels) if found else ((), ())
    names = {*(canonical_name(item.name) for item in packages), *(item.name for item in wheels)}
    if missing := [said for name, said in named.items() if name not in names]:
        raise UpgradeUnknown(missing, sorted(names))
    if ALL in upgrade:
        return Earlier()
    return Earlier(
        tuple(item for item in packages if canonical_name(item.name) not in named),
        tuple(item for item in wheels if item.name not in named),
    )


def _read(environment: Environment, subdir: str) -> CondaLock | None:
    written = next((lock for lock in environment.locks if lock.path == CONDA_LOCK), None)
    if written is None:
        return None
    try:
        return read_conda_lock(written, environment, subdir)
    except (EnvironmentInvalid, PackageWithoutWheel):
        # It is about to be made anew, or is not for this platform yet.
        return None
