"""What a lock file says already: its wheels by URL and hash, of which a target takes the fitting ones."""

from __future__ import annotations

from collections.abc import Iterable

from ..detection import Detection, Requirement
from ..digest import Digest
from ..lock import Artifact, Lock
from ..target import Target


def lock_of_wheels(detection: Detection, target: Target) -> Lock | None:
    """Choose the wheels of ``detection`` for ``target``; None where one is not among them."""
    chosen = []
    for requirement in applying(detection.requirements, target):
        wheel = best_wheel(_candidates(requirement, detection.artifacts), target)
        if wheel is None:
            return None
        chosen.append(wheel)
    artifacts = tuple(sorted(chosen, key=lambda artifact: artifact.name))
    return Lock("wheels", detection.resolver, target.python, target.platform, Digest.of(b""), artifacts)


def applying(requirements: Iterable[Requirement], target: Target) -> Iterable[Requirement]:
    """Yield the requirements whose markers hold on ``target``."""
    from packaging.requirements import Requirement as Pep508

    for requirement in requirements:
        marker = Pep508(requirement.line).marker
        if marker is None or marker.evaluate(target.marker_environment):
            yield requirement


def best_wheel(wheels: Iterable[Artifact], target: Target) -> Artifact | None:
    """Return the wheel whose tags ``target`` likes best; None where none of them fits."""
    from packaging.utils import parse_wheel_filename

    ranks = {tag: rank for rank, tag in enumerate(target.tags)}
    ranked = []
    for wheel in wheels:
        tags = parse_wheel_filename(wheel.filename.replace("%2B", "+"))[3]
        rank = min((ranks[tag] for tag in tags if tag in ranks), default=None)
        if rank is not None:
            ranked.append((rank, wheel.filename, wheel))
    return min(ranked)[2] if ranked else None


def _candidates(requirement: Requirement, wheels: Iterable[Artifact]) -> Iterable[Artifact]:
    from packaging.requirements import Requirement as Pep508

    specifier = Pep508(requirement.line).specifier
    for wheel in wheels:
        hashed = not requirement.hashes or str(wheel.sha256) in requirement.hashes
        if wheel.name == requirement.name and hashed and specifier.contains(wheel.version, prereleases=True):
            yield wheel
