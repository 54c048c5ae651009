"""The shortest way out of a conflict: which line to loosen, and what it must then allow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from ..detection import Detection, Requirement
from ..errors import SeldonError
from ..errors.resolution import ResolutionConflict
from ..lock import Lock

# Whoever waits for an error should not wait long; each try is a resolution.
MOST_TRIES = 8
SECONDS = 10.0
_MOST_LINES = 2


@dataclass(frozen=True)
class _Trial:
    """Resolutions that leave the versions of some lines open, while there is time for them."""

    detection: Detection
    ask: Callable[[Detection], Lock]
    deadline: float

    def loosened(self, lines: Sequence[Requirement]) -> Lock | None:
        """Resolve with the versions of ``lines`` left open; None where that is of no help either."""
        loose = {id(line): _unversioned(line) for line in lines}

        def changed(items: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
            return tuple(loose.get(id(item), item) for item in items)

        requirements, constraints = map(changed, (self.detection.requirements, self.detection.constraints))
        try:
            return self.ask(replace(self.detection, requirements=requirements, constraints=constraints))
        except SeldonError:
            return None


def with_fixes(
    error: ResolutionConflict,
    detection: Detection,
    ask: Callable[[Detection], Lock],
    is_own: Callable[[Requirement], bool],
) -> ResolutionConflict:
    """Return ``error`` with the fewest lines of the user's whose loosening resolves it, where such are found.

    ``ask`` resolves; it is asked a few times at most, and for no longer than ``SECONDS``.
    """
    sides = [
        item
        for item in (*detection.requirements, *detection.constraints)
        if f"{item.line}  ({item.origin})" in error.sides and is_own(item) and _is_versioned(item)
    ]
    trial = _Trial(detection, ask, time.monotonic() + SECONDS)
    fixes = tuple(_fixes(sides, trial))
    return ResolutionConflict(error.sides, error.explanation, (*fixes, *error.fixes)) if fixes else error


def _fixes(sides: Sequence[Requirement], trial: _Trial) -> Iterator[str]:
    tries = 0
    for count in range(1, _MOST_LINES + 1):
        found = False
        for lines in combinations(sides, count):
            tries += 1
            if tries > MOST_TRIES or time.monotonic() > trial.deadline:
                return
            if lock := trial.loosened(lines):
                found = True
                yield " and ".join(_allowing(line, lock) for line in lines)
        if found:
            return


def _allowing(line: Requirement, lock: Lock) -> str:
    artifact = lock.find(line.name)
    what = f"allows {artifact.name} {artifact.version}" if artifact else "asks for no version"
    return f"change {line.line!r} ({line.origin}) so that it {what}"


def _is_versioned(requirement: Requirement) -> bool:
    from packaging.requirements import Requirement as Pep508

    return bool(requirement.name) and bool(Pep508(requirement.line).specifier)


def _unversioned(requirement: Requirement) -> Requirement:
    from packaging.requirements import Requirement as Pep508
    from packaging.specifiers import SpecifierSet

    parsed = Pep508(requirement.line)
    parsed.specifier = SpecifierSet()
    return replace(requirement, line=str(parsed), hashes=())
