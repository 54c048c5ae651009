"""Which resolver reads a source: of all that claim it, the one the user named, else the first in rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pluggy

from ..detection import Detection
from ..errors.resolution import ResolverUnknown
from ..events import Emit, decision
from ..settings import Settings
from ..source import Source

SETTING = "SELDON_RESOLVER"
CONSTRAINTS = ("PIP_CONSTRAINT", "UV_CONSTRAINT")


def detected(hooks: pluggy.HookRelay, source: Source, settings: Settings, emit: Emit) -> Detection | None:
    """Ask the resolvers whose files these are, and let the one that is used read them.

    None where nobody claims the source. ResolverUnknown where the user named one that does not.
    """
    found: list[Detection] = hooks.seldon_detect(source=source, settings=settings)
    found = [claim for claim in found if claim is not None]
    wanted = settings.get(SETTING)
    if not found and not wanted:
        return None
    # Stable, so that among equals those of others, whom pluggy asks first, come first.
    used, *others = _ordered(found, wanted)
    read: Detection | None = hooks.seldon_read(detection=used, source=source, settings=settings)
    used = _constrained(read or used, source, settings)
    emit(decision("detect", f"{used.resolver}: {used.reason}"))
    for other in others:
        unused = [file for file in other.files if file not in used.files]
        if unused:
            why = "was asked for" if wanted else f"comes before {other.resolver}"
            emit(decision("detect", f"Not using {', '.join(unused)}: the resolver {used.resolver} {why}"))
    return used


def _ordered(found: Sequence[Detection], wanted: str) -> list[Detection]:
    ranked = sorted(found, key=lambda claim: claim.rank)
    if not wanted:
        return ranked
    named = [claim for claim in ranked if claim.resolver == wanted]
    if not named:
        raise ResolverUnknown(wanted, [f"{claim.resolver} ({', '.join(claim.files)})" for claim in ranked])
    return [*named, *(claim for claim in ranked if claim.resolver != wanted)]


def _constrained(detection: Detection, source: Source, settings: Settings) -> Detection:
    """Add the constraints files that the variables of pip and uv name."""
    from .requirements_file import read_constraints

    for name in CONSTRAINTS:
        for path in settings.get(name).split():
            read = read_constraints(source, path, settings)
            detection = replace(
                detection,
                files=tuple(dict.fromkeys((*detection.files, *read.files))),
                constraints=(*detection.constraints, *read.constraints),
            )
    return detection
