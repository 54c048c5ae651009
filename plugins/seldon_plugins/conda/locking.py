"""From an environment to its lock: conda's packages first, then the wheels beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from seldon_builder.dependencies.fetch import fetch
from seldon_builder.dependencies.resolver import is_own
from seldon_builder.detection import Detection, Requirement
from seldon_builder.digest import Digest
from seldon_builder.errors.base import PythonConflict
from seldon_builder.errors.conda import CondaPackageMalformed, EnvironmentInvalid, PythonOutOfRange
from seldon_builder.errors.resolution import BadLine
from seldon_builder.events import Emit, decision
from seldon_builder.lock import CONDA, Artifact, Lock
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store
from seldon_builder.target import SUPPORTED_PYTHONS, Target

from .beside import Beside
from .distributions import distributions_of
from .environment import Environment, Spec, WrittenLock, subdir_of
from .packages import artifact_of
from .solving import Problem, solve
from .specs import between, names_python

if TYPE_CHECKING:
    from .earlier import Earlier

KIND = "conda"


@dataclass(frozen=True)
class Locking:
    """What a lock is made with."""

    target: Target
    index: PackageIndex
    store: Store
    emit: Emit


@dataclass(frozen=True)
class Taken:
    """Conda's packages and the wheels that a lock names with them; ``engine`` is who chose them.

    ``with_pip`` tells that the wheels are all that the environment's ``pip:`` led to; ``preferred`` are
    versions that the engine keeps where it can.
    """

    packages: tuple[Artifact, ...]
    engine: str
    wheels: tuple[Artifact, ...] = ()
    with_pip: bool = False
    preferred: tuple[Requirement, ...] = ()


def locked(locking: Locking, detection: Detection) -> Lock:
    """Return the lock of ``detection``; every package of conda is in the store."""
    environment = detection.environment
    assert isinstance(environment, Environment)
    taken = _taken(locking, detection, environment)
    packages = _fetched(taken.packages, locking)
    python = _python(packages, detection)
    target = replace(locking.target, python_version=python)
    provided = distributions_of(packages, locking.store)
    known = provided | {wheel.name: wheel.version for wheel in taken.wheels}
    wanted = replace(detection, requirements=tuple(_left(detection, taken)))
    wanted = replace(wanted, preferred=taken.preferred)
    beside = Beside(target, locking.index, locking.store, locking.emit).wheels(wanted, known)
    return Lock(
        KIND,
        ", ".join(filter(None, (taken.engine, beside.engine))),
        target.python,
        target.platform,
        Digest.of(b""),
        (*packages, *taken.wheels, *beside.artifacts),
        roots=tuple(sorted({spec.name for spec in environment.specs})),
        variables=environment.variables,
    )


def _taken(locking: Locking, detection: Detection, environment: Environment) -> Taken:
    written = environment.lock_for(subdir_of(locking.target))
    if written and not (detection.is_relocked and environment.file):
        from .taking import taken

        return taken(written, environment, locking.target, locking)
    if not environment.file:
        raise EnvironmentInvalid([_no_list(environment.locks, locking.target)])
    return _solved(locking, detection, environment)


def _solved(locking: Locking, detection: Detection, environment: Environment) -> Taken:
    subdir = subdir_of(locking.target)
    specs = tuple(spec for spec in environment.specs if spec.holds_on(subdir))
    specs = (*specs, _wanted_python(specs, locking, detection))
    earlier = _earlier(detection, environment, subdir)
    problem = Problem(environment, specs, locking.target, earlier.packages)
    records = solve(problem, locking.index, locking.store, locking.emit)
    found = tuple(artifact_of(record, locking.index, locking.store) for record in records)
    return Taken(found, f"py-rattler {version('py-rattler')}", preferred=earlier.pins)


def _earlier(detection: Detection, environment: Environment, subdir: str) -> Earlier:
    from .earlier import Earlier, earlier_of

    if not detection.is_relocked:
        return Earlier()
    return earlier_of(environment, subdir, detection.upgrade)


def _wanted_python(specs: Iterable[Spec], locking: Locking, detection: Detection) -> Spec:
    """Keep the solver to the Pythons that the server runs on; to the base's where none is named."""
    pythons = detection.own_python
    if names_python(specs):
        return Spec(between(pythons), "what images run")
    base = locking.target.python
    chosen = base if base in pythons else pythons[-1]
    said = f"{', '.join(detection.files)} names no version of Python: taking {chosen}"
    locking.emit(decision("lock", said))
    return Spec(f"python {chosen}.*", "no version is named")


def _fetched(packages: tuple[Artifact, ...], locking: Locking) -> tuple[Artifact, ...]:
    for item in packages:
        if not item.has_plain_name:
            reason = "the name of its file is a path, or cannot be shown"
            raise CondaPackageMalformed(item.name, reason, item.filename)
    nothing = Lock(KIND, "", "", "", Digest.of(b""), packages)
    return fetch(nothing, locking.index, locking.store, locking.emit).artifacts


def _python(packages: Iterable[Artifact], detection: Detection) -> str:
    """Return the version of the Python among ``packages``; an error where it does not serve."""
    files = ", ".join(detection.files)
    found = next((item for item in packages if item.kind == CONDA and item.name == "python"), None)
    if found is None:
        raise EnvironmentInvalid([BadLine(files, "", "it has no python, which serves the model")])
    minor = ".".join(found.version.split(".")[:2])
    if minor not in SUPPORTED_PYTHONS:
        raise PythonOutOfRange(f"python {found.version}", files, SUPPORTED_PYTHONS)
    if minor not in detection.own_python:
        raise PythonConflict(" or ".join(detection.own_python), "the user", found.version, files)
    return found.version


def _left(detection: Detection, taken: Taken) -> Iterable[Requirement]:
    """Return what the engine is still to resolve: what a lock holds is not asked for again."""
    if not taken.with_pip:
        return detection.requirements
    return (item for item in detection.requirements if item.build or not is_own(item))


def _no_list(locks: Iterable[WrittenLock], target: Target) -> BadLine:
    listed = ", ".join(lock.path for lock in locks)
    return BadLine(listed, "", f"nothing in the source is for {target.platform} ({subdir_of(target)})")
