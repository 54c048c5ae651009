"""Which artifacts share a layer, and in which order layers lie: decided by the artifacts alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from ..digest import Digest
from ..lock import CONDA, PROJECT, WHEEL, Artifact, Lock

# From here on an artifact of another image is likely enough to be met again that it pays for a layer.
BIG = 1 << 20
# An image must stay below 100 layers, with as many for bytecode and the rest of its floors.
BUDGET = 30


@dataclass(frozen=True)
class Group:
    """Artifacts of one kind that share a layer, and what to call them."""

    name: str
    artifacts: tuple[Artifact, ...]

    @property
    def size(self) -> int:
        """The bytes of the artifacts as fetched."""
        return sum(artifact.size for artifact in self.artifacts)

    @property
    def is_built(self) -> bool:
        """Whether it is the wheel of what the user develops."""
        return self.artifacts[0].kind == PROJECT


def plan(lock: Lock, server: Collection[str], budget: int = BUDGET) -> tuple[Group, ...]:
    """Group the artifacts of ``lock``, bottom first: big ones in the lock's order, small ones, the project.

    ``server`` names what the runtime needs: its small artifacts lie together, so that they are the same
    blob in every image, and are no part of what changes with a model.
    """
    steady = [artifact for artifact in lock.artifacts if artifact.kind != PROJECT]
    alone = {artifact.sha256 for artifact in _by_size(steady)[:budget] if artifact.size >= BIG}
    # What pip brings lies on what conda brings, as if it had been installed after it.
    floors = [
        group
        for kind in (CONDA, WHEEL)
        for group in _floor([item for item in steady if item.kind == kind], alone, server)
    ]
    # What changes with every edit of the model lies on top, or all above it would change too.
    projects = (
        Group(_title(artifact), (artifact,)) for artifact in lock.artifacts if artifact.kind == PROJECT
    )
    return (*floors, *projects)


def _floor(
    artifacts: Iterable[Artifact], alone: Collection[Digest], server: Collection[str]
) -> Iterator[Group]:
    """Yield the groups of artifacts of one kind."""
    all_of_kind = tuple(artifacts)
    yield from (Group(_title(item), (item,)) for item in all_of_kind if item.sha256 in alone)
    shared = sorted((item for item in all_of_kind if item.sha256 not in alone), key=lambda item: item.name)
    # Only wheels are the same in every image; conda's packages change with the environment.
    for_server = tuple(item for item in shared if item.kind == WHEEL and item.name in server)
    others = tuple(item for item in shared if item not in for_server)
    groups = (_shared("of the server", for_server), _shared("of the model", others))
    yield from (group for group in groups if group.artifacts)


def canonical_order(artifacts: Iterable[Artifact]) -> tuple[Artifact, ...]:
    """Order artifacts that were never in a lock: big ones by size, the largest lowest, small ones by name."""
    ordered = _by_size(artifacts)
    big = [artifact for artifact in ordered if artifact.size >= BIG]
    small = sorted((a for a in ordered if a.size < BIG), key=lambda artifact: artifact.name)
    return (*big, *small)


def relocked_order(previous: Lock, artifacts: Iterable[Artifact]) -> tuple[Artifact, ...]:
    """Keep what did not change where it lay, and put what is new or changed on top.

    An engine knows a layer by all that lies below it, so one that changes low down costs those above.
    """
    new = {artifact.sha256: artifact for artifact in artifacts}
    kept = [new.pop(artifact.sha256) for artifact in previous.artifacts if artifact.sha256 in new]
    return (*kept, *canonical_order(new.values()))


def _by_size(artifacts: Iterable[Artifact]) -> list[Artifact]:
    return sorted(artifacts, key=lambda artifact: (-artifact.size, artifact.name))


def _title(artifact: Artifact) -> str:
    return f"{artifact.name} {artifact.version}{' of conda' if artifact.kind == CONDA else ''}"


def _shared(whose: str, artifacts: tuple[Artifact, ...]) -> Group:
    if len(artifacts) == 1:
        return Group(_title(artifacts[0]), artifacts)
    whose = "of conda" if artifacts and artifacts[0].kind == CONDA else whose
    return Group(f"{len(artifacts)} small packages {whose}", artifacts)
