"""The wheels that are installed beside conda's packages: what those lack, and nothing that they have.

The engine is shown what conda brings as wheels of nothing but a name and a version, which it is held to.
Their versions bear a label of their own, so no index offers the same.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from packaging.version import InvalidVersion, Version
from seldon_builder.dependencies.local_preference import LocalPreference
from seldon_builder.dependencies.resolver import is_own, pins_of
from seldon_builder.detection import Detection, Requirement
from seldon_builder.digest import Digest
from seldon_builder.errors.resolution import ResolutionConflict
from seldon_builder.events import Emit, warning
from seldon_builder.lock import Lock
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store
from seldon_builder.target import Target

from ..engines import uv

CONDA = "conda's packages"
_LABEL = "conda"


@dataclass(frozen=True)
class Beside:
    """What the engine works with; ``target`` is that of conda's Python."""

    target: Target
    index: PackageIndex
    store: Store
    emit: Emit

    def wheels(self, detection: Detection, provided: Mapping[str, str]) -> Lock:
        """Resolve the requirements of ``detection`` around what is ``provided``: version by name.

        ResolutionConflict where they contradict that.
        """
        applying = tuple(item for item in detection.requirements if self._applies(item))
        refuse_contradictions((*applying, *detection.constraints), provided)
        wanted = replace(
            detection,
            requirements=tuple(item for item in applying if not self._is_there(item, provided)),
            constraints=tuple(item for item in detection.constraints if item.name not in provided),
            locker="",
            environment=None,
        )
        if not wanted.requirements:
            return Lock("wheels", "", self.target.python, self.target.platform, Digest.of(b""), ())
        with TemporaryDirectory() as folder:
            fixed = tuple(_stand_in(Path(folder), *item) for item in sorted(provided.items()))
            constraints = (*wanted.constraints, *(item for item in fixed if item))
            index = replace(self.index, find_links=(*self.index.find_links, folder))
            try:
                found = self._resolved(replace(wanted, constraints=constraints), index)
            except ResolutionConflict as error:
                raise _without_label(error) from error
        missing = (item for item in found.artifacts if item.name not in provided)
        return found.with_artifacts(tuple(missing))

    def _resolved(self, wanted: Detection, index: PackageIndex) -> Lock:
        """Resolve what the model asks for first, so that the server changes nothing of it."""
        own = tuple(item for item in wanted.requirements if is_own(item))
        if not own or len(own) == len(wanted.requirements):
            return self._asked(wanted, index)
        first = self._asked(replace(wanted, requirements=own), index)
        pins = tuple(pin for pin in pins_of(first) if pin.name not in _names(wanted.constraints))
        try:
            return self._asked(replace(wanted, constraints=(*wanted.constraints, *pins)), index)
        except ResolutionConflict:
            found = self._asked(wanted, index)
        for before in first.artifacts:
            after = found.find(before.name)
            if after is None or after.version != before.version:
                said = (
                    f"{before.name} is {after.version if after else 'left out'} instead of {before.version}"
                )
                self.emit(warning("lock", f"{said}: what the server needs does not go with it"))
        return found

    def _asked(self, wanted: Detection, index: PackageIndex) -> Lock:
        def ask(detection: Detection, index: PackageIndex) -> Lock:
            found = uv.seldon_lock(detection, self.target, index, uv.ENGINE, self.store, self.emit)
            assert found is not None
            return found

        if not index.wheel_folders:
            return ask(wanted, index)
        return LocalPreference(index, self.target, self.store, self.emit).lock(wanted, ask)

    def _applies(self, requirement: Requirement) -> bool:
        marker = parsed.marker if (parsed := _parsed(requirement)) else None
        return marker is None or marker.evaluate(self.target.marker_environment)

    def _is_there(self, requirement: Requirement, provided: Mapping[str, str]) -> bool:
        if requirement.name not in provided:
            return False
        parsed = _parsed(requirement)
        if parsed and parsed.extras:
            extras = ", ".join(sorted(parsed.extras))
            why = "what those need is not looked at: name it yourself"
            self.emit(
                warning("lock", f"{requirement.origin}: conda brings {parsed.name}; of {extras}, {why}")
            )
        return True


def refuse_contradictions(requirements: Iterable[Requirement], provided: Mapping[str, str]) -> None:
    """Refuse requirements that conda's version of the same distribution does not meet."""
    sides = [side for item in requirements for side in _contradiction(item, provided)]
    if sides:
        explanation = (
            "Conda's packages are solved first, and what stands below pip: is installed beside them. "
            "Ask for the same version in both places, or in one of them alone."
        )
        raise ResolutionConflict(sides, explanation)


def _contradiction(requirement: Requirement, provided: Mapping[str, str]) -> Iterator[str]:
    version, parsed = provided.get(requirement.name), _parsed(requirement)
    if version is None or parsed is None or _version(version) is None:
        return
    if parsed.url or not parsed.specifier.contains(version, prereleases=True):
        yield f"{requirement.line}  ({requirement.origin})"
        yield f"{requirement.name}=={version}  ({CONDA})"


def _stand_in(folder: Path, name: str, version: str) -> Requirement | None:
    """Write a wheel of nothing, and return what holds the engine to it; None for no version of a wheel."""
    parsed = _version(version)
    if parsed is None:
        return None
    labelled = f"{parsed}.{_LABEL}" if parsed.local else f"{parsed}+{_LABEL}"
    stem = f"{name.replace('-', '_')}-{labelled}"
    info = f"{stem}.dist-info"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {labelled}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return Requirement(f"{name}=={labelled}", CONDA)


def _without_label(error: ResolutionConflict) -> ResolutionConflict:
    """Tell of the versions as conda has them."""
    sides = [side.replace(f"+{_LABEL}", "") for side in error.sides]
    return ResolutionConflict(sides, error.explanation.replace(f"+{_LABEL}", ""))


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _parsed(requirement: Requirement) -> Pep508 | None:
    try:
        return Pep508(requirement.line)
    except InvalidRequirement:
        return None


def _names(requirements: Iterable[Requirement]) -> set[str]:
    return {item.name for item in requirements}
