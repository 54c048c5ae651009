"""Turn what uv says when it fails into errors in words a data scientist understands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from seldon_builder.dependencies.package_names import naming_advice
from seldon_builder.detection import Detection
from seldon_builder.errors import SeldonError
from seldon_builder.errors.indexes import OnlyYanked
from seldon_builder.errors.resolution import (
    BadLine,
    EngineFailed,
    HashMismatch,
    IndexUnreachable,
    OfflineMissing,
    PackageNotFound,
    PackageWithoutWheel,
    ResolutionConflict,
    VersionNotFound,
)
from seldon_builder.lock import canonical_name
from seldon_builder.target import Target

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_UNREACHABLE = re.compile(
    r"Failed to fetch|Failed to download|error sending request|Could not connect|Received some unexpected"
    r"|Unsupported `Content-Type`"
)
_URL = re.compile(r"https?://[^\s`)]+")
_UNAUTHORISED = re.compile(r"An index URL \((\S+)\) could not be queried due to (.+?)(?:\.|$)")
# Storage services say so of what they do not have, others of what they do not show.
_FORBIDDEN = re.compile(r"An index \((\S+)\) returned a 403 Forbidden")
_NOT_FOUND = re.compile(
    rf"({_NAME}) was not found in the (?:package registry|provided package locations|cache)"
)
_OFFLINE = re.compile(r"network (?:connectivity )?(?:is|was) disabled")
_NO_WHEEL = re.compile(rf"({_NAME})(?:==(\S+?))? ha(?:s|ve) no (?:usable wheels|wheels with a matching)")
_WHEELS_FOUND = re.compile(
    rf"only found wheels for `({_NAME})` \(v?([^)]+)\) (with the following .*?)(?= hint:|$)"
)
_WHEELS_THERE = re.compile(
    rf"Wheels are available for `({_NAME})` \(v?([^)]+)\) (.*?)(?= Wheels are | hint:|$)"
)
_SPECIFIER = r"[<>=!~][^\s,]*"
_NO_VERSION = re.compile(
    rf"there (?:is|are) no versions? of ({_NAME})((?:\[[^\]]*\])?{_SPECIFIER}(?:,\s?{_SPECIFIER})*)"
)
_ONLY_OLDER = re.compile(
    rf"only ({_NAME})(?:{_SPECIFIER})? is available and you require \1((?:\[[^\]]*\])?{_SPECIFIER})"
)
_ONLY_OLDER_FOR = re.compile(
    rf"only ({_NAME})(?:{_SPECIFIER})? is available and [^,]*? depends? on \1({_SPECIFIER})"
)
_YANKED = re.compile(rf"(?:all versions of )?({_NAME})((?:{_SPECIFIER})?) (?:was|were) yanked")
_HASH = re.compile(r"Hash mismatch for `([^`]+)`")


@dataclass(frozen=True)
class Complaint:
    """What uv said when it failed, and what it had been asked."""

    text: str
    status: int
    detection: Detection
    target: Target

    @cached_property
    def flat(self) -> str:
        """The text on one line: uv wraps where it likes."""
        return re.sub(r"\s+", " ", self.text).strip()

    @property
    def reason(self) -> str:
        """Uv's explanation without the frame around it."""
        # Its hints name options of its own, which nobody can give it here.
        text = re.sub(r"^\s*hint:.*?(?:\n\s*\n|\Z)", "", self.text, flags=re.MULTILINE | re.DOTALL)
        text = re.sub(r"^error: (?:No solution found when resolving dependencies:?)?\s*", "", text.strip())
        return re.sub(r"^(?:cause|Caused by):\s*", "", text).strip()

    @property
    def sides(self) -> list[str]:
        """The lines whose packages uv speaks of, each with its origin."""
        spoken = re.sub(r"[<>=!~]=?[^\s]+", " ", self.flat)
        words = {canonical_name(word) for word in re.findall(_NAME, spoken)}
        asked = (*self.detection.requirements, *self.detection.constraints)
        sides = [f"{item.line}  ({item.origin})" for item in asked if item.name in words]
        if re.search(r"Python version|requires Python", self.flat):
            sides.append(f"Python {self.target.python_version}  (the base image)")
        return sides

    def origin(self, name: str) -> str:
        """Say where ``name`` was asked for."""
        wanted = canonical_name(re.split(r"[=<>!~\[ ]", name)[0])
        asked = [item.origin for item in self.detection.requirements if item.name == wanted]
        return asked[0] if asked else "needed by another package"

    @property
    def unknown_names(self) -> list[str]:
        """The packages that no index knows."""
        return sorted(set(_NOT_FOUND.findall(self.flat)))

    @property
    def without_wheel(self) -> dict[str, str]:
        """The packages that have no wheel for the target, each with its version where one was asked for."""
        return dict(_NO_WHEEL.findall(self.flat))

    @property
    def unauthorised(self) -> IndexUnreachable | None:
        """What an index said that wants a password, or another one."""
        found = _UNAUTHORISED.search(self.flat)
        return IndexUnreachable(found[1], found[2]) if found else None

    @property
    def yanked(self) -> tuple[str, str] | None:
        """The package whose fitting versions were withdrawn, and which those are."""
        found = _YANKED.search(self.flat)
        return (found[1], found[2]) if found else None

    @property
    def unknown_version(self) -> tuple[str, str] | None:
        """The package of which no version fits, and which version was wanted."""
        readings = (pattern.search(self.flat) for pattern in (_NO_VERSION, _ONLY_OLDER, _ONLY_OLDER_FOR))
        found = next((reading for reading in readings if reading), None)
        return (found[1], found[2].rstrip(".")) if found else None


def explained(complaint: Complaint, newest: str = "", python: str = "") -> SeldonError:
    """Find the error that a complaint means; uv's own explanation stays in it as a detail.

    ``newest`` is the newest version of the package that lacks one, ``python`` another that has every wheel.
    """
    for reading in (_unreachable, _offline, _hash, _not_found):
        error = reading(complaint)
        if error:
            return error
    if yanked := complaint.yanked:
        sides = [side for side in complaint.sides if _is_about(side, yanked[0])]
        return OnlyYanked("".join(yanked), sides or complaint.sides, complaint.reason)
    if complaint.without_wheel:
        return _no_wheel(complaint, python)
    if unknown := complaint.unknown_version:
        name, versions = unknown
        sides = [side for side in complaint.sides if _is_about(side, name)]
        return VersionNotFound(name + versions, sides or complaint.sides, complaint.reason, newest)
    if "No solution found" in complaint.text:
        return ResolutionConflict(complaint.sides, complaint.reason)
    return EngineFailed("uv", complaint.reason or f"it ended with status {complaint.status}, saying nothing.")


def _unreachable(complaint: Complaint) -> SeldonError | None:
    if complaint.unauthorised:
        return complaint.unauthorised
    if not _UNREACHABLE.search(complaint.text):
        return None
    url = _URL.search(complaint.text)
    causes = re.findall(r"(?:cause|Caused by): (.+)", complaint.text)
    reason = causes[-1].strip().rstrip(".") if causes else complaint.flat
    return IndexUnreachable(url[0] if url else "the default URL", reason)


def _offline(complaint: Complaint) -> SeldonError | None:
    if not _OFFLINE.search(complaint.flat):
        return None
    asked = [requirement.line for requirement in complaint.detection.requirements]
    return OfflineMissing(complaint.unknown_names or asked)


def _hash(complaint: Complaint) -> SeldonError | None:
    found = _HASH.search(complaint.flat)
    return HashMismatch([BadLine(complaint.origin(found[1]), found[1], complaint.reason)]) if found else None


def _not_found(complaint: Complaint) -> SeldonError | None:
    names = complaint.unknown_names
    if not names:
        return None
    forbidden = (f"\n{url} answers 403 Forbidden." for url in _FORBIDDEN.findall(complaint.flat))
    reason = "".join((complaint.reason, *forbidden))
    return PackageNotFound(names, complaint.sides, reason, naming=naming_advice(names))


def _no_wheel(complaint: Complaint, python: str) -> SeldonError:
    readings = (pattern.findall(complaint.flat) for pattern in (_WHEELS_THERE, _WHEELS_FOUND))
    there = {name: (version, where) for reading in readings for name, version, where in reading}
    packages = []
    for name, version in sorted(complaint.without_wheel.items()):
        known, where = there.get(name, (version, ""))
        has = f"it has wheels {where}" if where else "it has no wheel that fits"
        packages.append(BadLine(complaint.origin(name), f"{name} {known}".strip(), has))
    target = f"Python {complaint.target.python} on {complaint.target.platform}"
    naming = naming_advice(list(complaint.without_wheel))
    return PackageWithoutWheel(packages, target, complaint.reason, python=python, naming=naming)


def _is_about(side: str, name: str) -> bool:
    return canonical_name(re.split(r"[^A-Za-z0-9._-]", side)[0]) == canonical_name(name)
