"""What a lock file says already: its files by URL and hash, of which a target takes the fitting ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from ..detection import Detection, Requirement
from ..digest import Digest
from ..errors.locks import LockUnreadable
from ..errors.resolution import BadLine, LockOutdated, PackageWithoutWheel
from ..lock import Artifact, Lock
from ..target import Target
from .file_url import path_of
from .url_credentials import masked

ARCHIVES = (".tar.gz", ".zip")


@dataclass(frozen=True)
class LockedFor:
    """Which file was read, what writes it anew, and the environments that it is for.

    These are markers of which one must hold; with none of them it is for all environments.
    """

    path: str
    command: str
    markers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.path} for {' or '.join(self.markers) or 'all'}"


@dataclass(frozen=True)
class Taken:
    """What a target takes of a lock file: wheels, archives to build, pins of which no file is named."""

    wheels: tuple[Artifact, ...]
    archives: tuple[Artifact, ...]
    unnamed: tuple[Requirement, ...]


def taken(detection: Detection, target: Target) -> Taken:
    """Choose of the files of ``detection`` those for ``target``.

    PackageWithoutWheel names all that has neither a wheel that fits nor a source archive.
    """
    wheels, archives, unnamed = list[Artifact](), list[Artifact](), list[Requirement]()
    bad: list[BadLine] = []
    files = _by_name(detection.artifacts)
    for requirement in _applying(detection, target):
        offered = list(_offered(requirement, files.get(requirement.name, ())))
        wheel = best_wheel(offered, target)
        archive = next((item for item in offered if item.filename.endswith(ARCHIVES)), None)
        if wheel:
            wheels.append(wheel)
        elif archive:
            archives.append(archive)
        elif offered or " @ " in requirement.line:
            bad.append(BadLine(requirement.origin, masked(requirement.line), _why(offered)))
        else:
            unnamed.append(requirement)
    if bad:
        raise PackageWithoutWheel(bad, f"Python {target.python} on {target.platform}")
    return Taken(tuple(sorted(wheels, key=lambda item: item.name)), tuple(archives), tuple(unnamed))


def _applying(detection: Detection, target: Target) -> Iterator[Requirement]:
    """Yield the requirements whose markers hold on ``target``, of each name one."""
    from packaging.markers import Marker
    from packaging.requirements import Requirement as Pep508

    found: dict[str, str] = {}
    lock = _file_of(detection)
    environment = target.marker_environment
    if lock.markers and not any(Marker(marker).evaluate(environment) for marker in lock.markers):
        change = f"it is for {' or '.join(lock.markers)}, not for Python {target.python} on {target.platform}"
        raise LockOutdated(lock.path, [change], lock.command)
    for requirement in detection.requirements:
        parsed = Pep508(requirement.line)
        if parsed.marker is not None and not parsed.marker.evaluate(environment):
            continue
        what = f"{requirement.name}{parsed.specifier}{parsed.url or ''}"
        if requirement.name not in found:
            found[requirement.name] = what
            yield requirement
        elif found[requirement.name] != what:
            both = f"{found[requirement.name]} and {what}"
            reason = f"{both} are both needed for Python {target.python} on {target.platform}"
            raise LockUnreadable(lock.path or requirement.origin, reason, lock.command)


def _by_name(files: Iterable[Artifact]) -> dict[str, list[Artifact]]:
    by_name: dict[str, list[Artifact]] = {}
    for file in files:
        by_name.setdefault(file.name, []).append(file)
    return by_name


def _offered(requirement: Requirement, files: Iterable[Artifact]) -> Iterator[Artifact]:
    from packaging.requirements import Requirement as Pep508

    parsed = Pep508(requirement.line)
    if parsed.url:
        if parsed.url.startswith("file:") and parsed.url.endswith(".whl"):
            yield wheel_at(requirement.name, parsed.url)
        return
    for file in files:
        hashed = not requirement.hashes or str(file.sha256) in requirement.hashes
        if hashed and parsed.specifier.contains(file.version, prereleases=True):
            yield file


def _why(offered: Iterable[Artifact]) -> str:
    listed = ", ".join(sorted(unquote(file.filename) for file in offered))
    return f"the lock has only {listed}" if listed else "a repository or folder must be built first"


def pins_around(lock: Lock, detection: Detection) -> tuple[Requirement, ...]:
    """Return what keeps all that was taken of a lock file as it is, whoever asks for it."""
    path = _file_of(detection).path or detection.resolver
    # No index need know a wheel that lies beside the lock.
    return tuple(
        Requirement(
            f"{item.name} @ {item.url}" if item.url.startswith("file:") else f"{item.name}=={item.version}",
            path,
        )
        for item in lock.artifacts
    )


def ways_out(detection: Detection) -> tuple[str, ...]:
    """Say what to do where the runtime does not go with what a lock file says."""
    file = _file_of(detection)
    project = "let the project ask for versions that go with the runtime"
    return (f"{project}, and write {file.path} anew with `{file.command}`",)


def _file_of(detection: Detection) -> LockedFor:
    found = detection.environment
    return found if isinstance(found, LockedFor) else LockedFor("", "")


def wheel_at(name: str, url: str) -> Artifact:
    """Return what a wheel on the disk is; its URL is one of ``file:``."""
    from packaging.utils import parse_wheel_filename

    path = path_of(url)
    return Artifact(name, str(parse_wheel_filename(path.name)[1]), url, Digest.of_file(path))


def best_wheel(wheels: Iterable[Artifact], target: Target) -> Artifact | None:
    """Return the wheel whose tags ``target`` likes best; None where none of them fits."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    ranks = {tag: rank for rank, tag in enumerate(target.tags)}
    ranked = []
    for wheel in wheels:
        try:
            tags = parse_wheel_filename(unquote(wheel.filename))[3]
        except InvalidWheelFilename:
            continue
        rank = min((ranks[tag] for tag in tags if tag in ranks), default=None)
        if rank is not None:
            ranked.append((rank, wheel.filename, wheel))
    return min(ranked)[2] if ranked else None
