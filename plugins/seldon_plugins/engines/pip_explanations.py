"""Turn what pip-compile says when it fails into the same errors that uv's complaints become."""

from __future__ import annotations

import re

from seldon_builder.dependencies.package_names import naming_advice
from seldon_builder.detection import Detection
from seldon_builder.errors import SeldonError
from seldon_builder.errors.indexes import OnlyYanked
from seldon_builder.errors.resolution import (
    BadLine,
    EngineFailed,
    IndexUnreachable,
    PackageNotFound,
    PackageWithoutWheel,
    ResolutionConflict,
    VersionNotFound,
)
from seldon_builder.target import Target

from .uv_explanations import Complaint

_UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeoutError|SSLError|ConnectionError|40[13] Client Error"
)
_URL = re.compile(r"https?://[^\s'\"`)]+")
# pip goes on as if an index that said nothing had nothing.
_SILENT = re.compile(r"ConnectionPool\(host='([^']+)', port=(\d+)\): Read timed out")
_UNSATISFIED = re.compile(r"satisfies the requirement (\S+?)(?: \(from [^)]*\))* \(from versions: ([^)]*)\)")
_YANKED = re.compile(r"Ignored the following yanked versions: (\S+(?:, \S+)*)")
_UNMET = re.compile(r"No matching distribution found for (.+?)(?: ERROR:|$)")
_UNFOUND = re.compile(r"No matching distribution found for (\S+)")


def explained_by_pip(text: str, detection: Detection, target: Target) -> SeldonError:
    """Find the error that pip means; its own words stay in it as a detail."""
    silent = _SILENT.search(text)
    text = _without_traceback(_with_requirements(text, detection))
    complaint = Complaint(text, 1, detection, target)
    if _UNREACHABLE.search(text):
        url = _URL.search(text)
        return IndexUnreachable(url[0] if url else "the default URL", text.splitlines()[-1])
    if (yanked := _YANKED.search(complaint.flat)) and (unmet := _UNMET.search(complaint.flat)):
        return OnlyYanked(unmet[1], complaint.sides, f"Yanked: {yanked[1]}")
    if "conflicting dependencies" in text:
        return ResolutionConflict(complaint.sides, text)
    if unsatisfied := _UNSATISFIED.search(complaint.flat):
        versions = [item.strip() for item in unsatisfied[2].split(",")]
        if silent and versions == ["none"]:
            return IndexUnreachable(f"{silent[1]}:{silent[2]}", "it said nothing for too long")
        return _unsatisfied(unsatisfied[1], versions, complaint)
    if unfound := _UNFOUND.search(complaint.flat):
        return PackageNotFound([unfound[1]], complaint.sides, text)
    return EngineFailed("pip-tools", text)


def _unsatisfied(wanted: str, versions: list[str], complaint: Complaint) -> SeldonError:
    if versions != ["none"]:
        return VersionNotFound(wanted, complaint.sides, complaint.text, versions[-1])
    # pip does not tell an unknown name from one that has no fitting wheel.
    has = "no index has a wheel of it that fits"
    target = f"Python {complaint.target.python} on {complaint.target.platform}"
    naming = naming_advice([re.split(r"[=<>!~\[]", wanted)[0]])
    packages = [BadLine(complaint.origin(wanted), wanted, has)]
    return PackageWithoutWheel(packages, target, complaint.text, naming=naming)


def _with_requirements(text: str, detection: Detection) -> str:
    """Put the requirements in the place of pip's references to the lines of our private files."""
    for flag, requirements in (("-r", detection.requirements), ("-c", detection.constraints)):
        for number, requirement in enumerate(requirements, 1):
            # A line may hold backslashes, which a plain replacement would read as groups.
            text = requirement.line.join(re.split(rf"{flag} \S+ \(line {number}\)", text))
    return text


def _without_traceback(text: str) -> str:
    """Keep what pip says and the last line of what it crashed with."""
    text = text[max(text.find("ERROR:"), 0) :]
    said, crashed, traceback = text.strip().partition("Traceback (most recent call last):")
    last = traceback.strip().splitlines()[-1].rpartition("exceptions.")[2] if crashed else ""
    return f"{said.strip()}\n{last}".strip()
