"""What is asked of the local wheels before any engine is: versions, hashes, and places of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from packaging.requirements import Requirement as Pep508

from ..detection import Detection, Requirement
from ..target import Target
from .local_shelf import LocalWheel, Shelf, Unfit
from .resolver import PINNED

Line = tuple[Requirement, Pep508]


@dataclass(frozen=True)
class Demands:
    """The lines that hold for each name, as read; ``pre`` tells that pre-releases are welcome."""

    lines: Mapping[str, tuple[Line, ...]]
    pre: bool

    @classmethod
    def of(cls, detection: Detection, target: Target) -> Demands:
        """Gather the requirements and constraints of ``detection`` that hold on ``target``."""
        lines: dict[str, tuple[Line, ...]] = {}
        for item in (*detection.requirements, *detection.constraints):
            parsed = Pep508(item.line)
            if parsed.marker is None or parsed.marker.evaluate(target.marker_environment):
                lines[item.name] = (*lines.get(item.name, ()), (item, parsed))
        return cls(lines, "--pre" in detection.options)

    @property
    def fixed(self) -> frozenset[str]:
        """The names that have their version already: to give up its wheel would change nothing."""
        return frozenset(
            name for name, lines in self.lines.items() if any(item.origin == PINNED for item, _ in lines)
        )

    def applied(self, shelf: Shelf) -> tuple[dict[str, tuple[LocalWheel, ...]], tuple[Unfit, ...]]:
        """Return the wheels that may serve, by name, the best first, and those that may not."""
        refused = list(shelf.unfit)
        choice = {}
        for name, wheels in shelf.wheels.items():
            lines = self.lines.get(name, ())
            if any(parsed.url for _, parsed in lines):
                # The user names the very file.
                continue
            reasons = {wheel: "; ".join(_refusals(wheel, lines)) for wheel in wheels}
            pre = self.pre or any(parsed.specifier.prereleases for _, parsed in lines)
            choice[name] = _best([wheel for wheel in wheels if not reasons[wheel]], pre=pre)
            if name not in self.fixed:
                refused += [Unfit(name, wheel.path, why) for wheel, why in reasons.items() if why]
        return choice, tuple(refused)


def _refusals(wheel: LocalWheel, lines: Iterable[Line]) -> Iterator[str]:
    for item, parsed in lines:
        if not parsed.specifier.contains(wheel.version, prereleases=True):
            yield f"{item.origin} asks for {item.line}"
        elif item.hashes and str(wheel.digest) not in item.hashes:
            yield f"it is {wheel.digest}, which is none of the hashes of {item.origin}"


def _best(wheels: list[LocalWheel], *, pre: bool) -> tuple[LocalWheel, ...]:
    """Keep one wheel of each version, and no pre-release beside releases where none is wanted."""
    by_version = {wheel.version: wheel for wheel in reversed(wheels)}
    kept = [wheel for wheel in wheels if by_version[wheel.version] is wheel]
    releases = [wheel for wheel in kept if not wheel.version.is_prerelease]
    return tuple(kept if pre or not releases else releases)
