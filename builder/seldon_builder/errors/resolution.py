"""What can go wrong between the requirements that a user wrote and the exact artifacts of an image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from . import SeldonError

WAYS_TO_BUILD = (
    "ask for another version or a package that has wheels; or build the wheel yourself "
    "(`pip wheel --no-deps ...` on a machine like the target) and put it into wheels/ beside the model"
)

_WHO_ASKS = (
    "give the user and password of this index: in its URL (https://USER:PASSWORD@...) in .s2i/environment or "
    "a variable, in ~/.netrc, or by a service binding (docs/indexes.md)"
)
_OF_A_FREEZE = " @ file:"
_FROZEN = (
    "`pip freeze` writes `@ file:` for what came from a folder, as conda's packages do, and no other machine "
    "has that folder: `pip list --format=freeze` writes versions instead"
)


def _listed(lines: Sequence[str]) -> str:
    return "".join(f"\n  {line}" for line in lines)


def _explained(explanation: str) -> str:
    return _listed(["", *explanation.splitlines()]) if explanation else ""


@dataclass(frozen=True)
class BadLine:
    """One line that cannot be used: where it stands ("requirements.txt:3"), its text, and why."""

    origin: str
    line: str
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.origin}: {self.line!r}: {self.reason}" if self.line else f"{self.origin}: {self.reason}"
        )


class RequirementsInvalid(SeldonError):
    """A requirements file has lines that mean nothing, or names what is not there."""

    exit_code: ClassVar[int] = 20

    def __init__(self, lines: Sequence[BadLine]) -> None:
        super().__init__(
            f"The requirements cannot be read:{_listed([str(line) for line in lines])}",
            hint=_FROZEN
            if any(_OF_A_FREEZE in line.line for line in lines)
            else "a line is a name with versions (numpy>=1.26), a wheel (./wheels/x.whl) "
            "or an option (-r more.txt)",
        )
        self.lines = tuple(lines)


class ResolverUnknown(SeldonError):
    """No resolver of the name that the user gave claims this source."""

    exit_code: ClassVar[int] = 3

    def __init__(self, resolver: str, claims: Sequence[str]) -> None:
        found = f"These do:{_listed(claims)}" if claims else "Nothing in the source is a dependency file."
        super().__init__(
            f"The resolver {resolver!r} finds nothing of its own in this source. {found}",
            hint="name one of those (--resolver, SELDON_RESOLVER), or leave the choice to the order of "
            "docs/resolvers.md",
        )
        self.resolver = resolver
        self.claims = tuple(claims)


def taking_python(python: str) -> str:
    """Say the way out where another Python has every wheel."""
    return f"take Python {python}, which has wheels of all that is asked for: --python {python}"


class PackageWithoutWheel(SeldonError):
    """Something must be compiled or built first: there is no wheel of it for the target."""

    exit_code: ClassVar[int] = 21

    def __init__(
        self,
        packages: Sequence[BadLine],
        target: str = "",
        explanation: str = "",
        *,
        python: str = "",
        naming: str = "",
    ) -> None:
        """``python`` is another one that has all wheels; ``naming`` says what the packages are called."""
        where = f" for {target}" if target else ""
        super().__init__(
            f"No wheel{where} of:{_listed([str(package) for package in packages])}{_explained(explanation)}",
            hint=naming or (f"{taking_python(python)}; or {WAYS_TO_BUILD}" if python else WAYS_TO_BUILD),
        )
        self.packages = tuple(packages)
        self.target = target
        self.explanation = explanation
        self.python = python


class ResolutionConflict(SeldonError):
    """Requirements exclude each other; ``sides`` are the lines that take part, with their origins."""

    exit_code: ClassVar[int] = 22

    def __init__(self, sides: Sequence[str], explanation: str, fixes: Sequence[str] = ()) -> None:
        """``fixes`` are changes of which each alone is enough."""
        several = len(sides) != 1
        what = "These requirements cannot be met together" if several else "This requirement cannot be met"
        super().__init__(
            f"{what}:{_listed(sides)}{_explained(explanation)}",
            hint="; or ".join(fixes)
            or (
                "loosen one of them; what the runtime asks for is as wide as it can be"
                if several
                else "loosen it, or take another version of it"
            ),
        )
        self.fixes = tuple(fixes)
        self.sides = tuple(sides)
        self.explanation = explanation


class VersionNotFound(SeldonError):
    """A package exists, but no version of it is one that was asked for."""

    exit_code: ClassVar[int] = 23

    def __init__(
        self, wanted: str, sides: Sequence[str], explanation: str, newest: str = "", hint: str = ""
    ) -> None:
        known = f" The newest that fits the target's Python is {newest}." if newest else ""
        super().__init__(
            f"There is no version {wanted}.{known}{_listed(sides)}{_explained(explanation)}",
            hint=hint or "ask for a version that exists, or add the index that has it (EXTRA_INDEX_URL)",
        )
        self.wanted = wanted
        self.newest = newest
        self.explanation = explanation


class PackageNotFound(SeldonError):
    """No index and no wheel folder knows these names."""

    exit_code: ClassVar[int] = 24

    def __init__(
        self, names: Sequence[str], sides: Sequence[str], explanation: str, *, naming: str = ""
    ) -> None:
        """``naming`` says what the packages are called, where that is known."""
        private = (
            "a private package needs its index (EXTRA_INDEX_URL) or its wheel in wheels/ beside the model"
        )
        super().__init__(
            f"No package index has {', '.join(names)}.{_listed(sides)}{_explained(explanation)}",
            hint=naming or f"check the spelling; {private}",
        )
        self.names = tuple(names)
        self.explanation = explanation


class IndexUnreachable(SeldonError):
    """A package index does not answer, or not to us."""

    exit_code: ClassVar[int] = 25

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"The package index at {url} cannot be used: {reason}.",
            hint=_WHO_ASKS
            if re.search(r"\b40[13]\b", reason)
            else "check the URL, the network and its proxy (https_proxy), and the CA (PIP_CERT); an "
            "unchanged model builds without network once its store is warm",
        )
        self.url = url
        self.reason = reason


class HashMismatch(SeldonError):
    """The index offers other bytes than the hashes beside a requirement allow, or a hash is missing."""

    exit_code: ClassVar[int] = 26

    def __init__(self, lines: Sequence[BadLine]) -> None:
        super().__init__(
            f"The hashes of the requirements do not hold:{_listed([str(line) for line in lines])}",
            hint="regenerate them (`pip-compile --generate-hashes`); if nothing was changed on purpose, "
            "distrust the index",
        )
        self.lines = tuple(lines)


class ArtifactCorrupt(SeldonError):
    """What was fetched, or lies on the disk, is not what the lock says."""

    exit_code: ClassVar[int] = 27

    def __init__(self, url: str, expected: str, found: str, *, most: int = 0) -> None:
        difference = f"it has more than {most} bytes" if most else f"its sha256 is {found}, not {expected}"
        super().__init__(
            f"{url} is not the file that was locked: {difference}.",
            hint="if the index was meant to change, lock again (`seldon-python lock`); otherwise distrust it",
        )
        self.url = url
        self.expected = expected
        self.found = found


class LockOutdated(SeldonError):
    """The lock in the source no longer answers what is asked; ``changes`` says how it differs."""

    exit_code: ClassVar[int] = 28

    def __init__(self, path: Path | str, changes: Sequence[str], command: str = "seldon-python lock") -> None:
        super().__init__(
            f"{path} no longer matches what is asked for:{_listed(changes)}",
            hint=f"make it anew with `{command}`, or take the change back",
        )
        self.path = path
        self.changes = tuple(changes)


class OfflineMissing(SeldonError):
    """Without network, what is neither in the store nor on the disk cannot be had."""

    exit_code: ClassVar[int] = 29

    def __init__(self, missing: Sequence[str], hint: str = "") -> None:
        super().__init__(
            f"Offline, and not in the store: {', '.join(missing)}.",
            hint=hint
            or "build once with network to warm the store, or put the wheels into wheels/ beside the "
            "model (`seldon-python download` does)",
        )
        self.missing = tuple(missing)


class EngineFailed(SeldonError):
    """The resolver engine that was asked for cannot serve here, or ended in a way that nobody foresaw."""

    exit_code: ClassVar[int] = 89

    def __init__(self, engine: str, reason: str, *, hint: str = "") -> None:
        super().__init__(
            f"The engine {engine} cannot lock this: {reason}", hint=hint or _other_engine(engine)
        )
        self.engine = engine
        self.reason = reason


def _other_engine(engine: str) -> str:
    return f"try `--engine {'pip-tools' if engine == 'uv' else 'uv'}`"
