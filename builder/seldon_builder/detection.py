"""Which resolver claims a source, from which files, and why."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field

from .lock import Artifact, canonical_name
from .package_index import PackageIndex

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Requirement:
    """One requirement line and where it stands.

    ``line`` is what an engine reads: a PEP 508 requirement, or a path or URL of a wheel; ``hashes`` are
    ``sha256:<hex>`` strings; ``origin`` is ``file:line`` or the name of what asked ("the runtime").
    ``build`` is the absolute path of a folder or source archive whose wheel is meant: it is built before
    anything is resolved, and then ``line``, until then only shown, names the wheel; ``extras`` are those
    that are asked of it.
    """

    line: str
    origin: str
    hashes: tuple[str, ...] = ()
    build: str = ""
    extras: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The normalised name of the distribution, with which a line of PEP 508 begins; "" for a place."""
        found = _NAME.match(self.line)
        return canonical_name(found[0]) if found else ""


@dataclass(frozen=True)
class Detection:
    """What a resolver found: the requirements in the order of the files, and how to resolve them.

    ``rank`` decides between several that claim one source: the lowest wins. Ours are in docs/resolvers.md,
    from 10 on; 0, the default, comes before them. What ``seldon_detect`` returns may leave the rest empty,
    for ``seldon_read`` to fill in.

    ``options`` are the resolver options of the files, in pip's spelling (``--pre``, ``--no-binary=x``,
    ``--require-hashes``); index options are in ``index``. ``requires_python`` is a PEP 440 specifier.
    ``locker`` names the one plugin whose ``seldon_lock`` can resolve this; "" means that the lines are of
    PEP 508 and the user chooses the engine. ``environment`` is what that plugin needs beyond requirements, or
    of a lock file what that is for; it is hashable, and ``str`` of it names all that a lock depends on.

    ``is_complete`` tells that a lock file was read: the requirements are pins with ``==`` and markers,
    nothing else may come in on the model's behalf, and what the runtime needs is resolved around them.
    ``artifacts`` are the wheels that the lock file names by URL and hash, for all platforms.

    ``preferred`` are pins of an earlier lock: an engine keeps those that satisfy, whatever is newer. They are
    no part of what was asked for.

    ``own_python`` lists the Pythons ("3.12") of which the lock will bring one, so that any base serves;
    empty means the base's. ``is_relocked`` tells the locker that a lock of its own in the source is about to
    be made anew; what that has keeps its version where it can, but not the names in ``upgrade``.
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
    rank: int = 0
    environment: Hashable = None
    is_complete: bool = False
    artifacts: tuple[Artifact, ...] = ()
    preferred: tuple[Requirement, ...] = ()
    own_python: tuple[str, ...] = ()
    is_relocked: bool = False
    upgrade: tuple[str, ...] = ()
