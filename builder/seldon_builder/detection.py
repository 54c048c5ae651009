"""Which resolver claims a source, from which files, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .lock import canonical_name
from .package_index import PackageIndex

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Requirement:
    """One requirement line and where it stands.

    ``line`` is what an engine reads: a PEP 508 requirement, or a path or URL of a wheel; ``hashes`` are
    ``sha256:<hex>`` strings; ``origin`` is ``file:line`` or the name of what asked ("the runtime").
    """

    line: str
    origin: str
    hashes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The normalised name of the distribution, with which a line of PEP 508 begins; "" for a place."""
        found = _NAME.match(self.line)
        return canonical_name(found[0]) if found else ""


@dataclass(frozen=True)
class Detection:
    """What a resolver found: the requirements in the order of the files, and how to resolve them.

    ``options`` are the resolver options of the files, in pip's spelling (``--pre``, ``--no-binary=x``,
    ``--require-hashes``); index options are in ``index``. ``requires_python`` is a PEP 440 specifier.
    ``locker`` names the one plugin whose ``seldon_lock`` can resolve this; "" means that the lines are of
    PEP 508 and the user chooses the engine.
    """

    resolver: str
    files: tuple[str, ...]
    reason: str
    requirements: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    options: tuple[str, ...] = ()
    index: PackageIndex = field(default_factory=PackageIndex)
    requires_python: str = ""
    locker: str = ""
