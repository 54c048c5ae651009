"""Wheels that are built of the model folder: a lock knows them by what they ask for, not by their bytes.

Their bytes change with every edit of the code, and their version may. So a lock stays what it is as long as
the metadata does, and the wheel of the moment takes its place in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..detection import Requirement
from ..digest import Digest
from ..errors.resolution import BadLine, RequirementsInvalid
from ..layers.content_digests import file_digest
from ..lock import PROJECT, Artifact, Lock, canonical_name
from ..store import Store
from .file_url import path_of

RECORD = "built-metadata"
_IN = " in "


def as_wheel(requirement: Requirement, wheel: Path, store: Store) -> Requirement:
    """Return ``requirement`` with ``wheel`` in the place of what was to be built; its marker stays.

    RequirementsInvalid where the wheel has another name than the line says, GroupUnknown where it lacks an
    extra.
    """
    name, wanted = canonical_name(wheel.name.split("-")[0]), requirement.name
    if wanted and wanted != name:
        reason = f"what was built there is named {name}"
        raise RequirementsInvalid([BadLine(requirement.origin, requirement.line, reason)])
    if requirement.extras:
        _check_extras(requirement, _metadata(wheel, store)["extras"])
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    marker = requirement.line.partition(" ; ")[2]
    line = f"{name}{extras} @ {wheel.as_uri()}"
    return replace(requirement, line=f"{line} ; {marker}" if marker else line)


def with_built(lock: Lock, requirements: Iterable[Requirement], store: Store) -> Lock:
    """Return ``lock`` with the wheels as they are built now."""
    built = {item.name: wheel for item in requirements if (wheel := built_wheel(item))}
    return lock.with_artifacts(
        tuple(
            _artifact(item, built[item.name], store) if item.kind == PROJECT and item.name in built else item
            for item in lock.artifacts
        )
    )


def built_wheel(requirement: Requirement) -> Path | None:
    """Return the wheel that was built of ``requirement``; None where it names no build, or not yet."""
    before, at, url = requirement.line.partition(" ; ")[0].partition(" @ file:")
    return path_of(f"file:{url}") if requirement.build and at and before and url.endswith(".whl") else None


def built_facts(requirement: Requirement, wheel: Path, root: Path, store: Store) -> Iterator[str]:
    """Yield what a lock depends on: where it is built, how it is asked for, what its metadata say."""
    line, _, marker = requirement.line.partition(" ; ")
    yield f"project {requirement.name}{_IN}{_place(Path(requirement.build), root)}"
    if requirement.extras or marker:
        yield f"project {line.partition(' @ ')[0]}{f' ; {marker}' if marker else ''}"
    yield from (f"project {requirement.name} {fact}" for fact in _metadata(wheel, store)["facts"])


def place_of(name: str, facts: Iterable[str]) -> str:
    """Return where ``facts`` say that the distribution ``name`` is built, relative to the model folder."""
    start = f"project {name}{_IN}"
    return next((fact.removeprefix(start) for fact in facts if fact.startswith(start)), "")


def unbuilt(name: str, place: Path) -> Artifact:
    """Return what stands in a lock that was read for a wheel that is still to be built."""
    return Artifact(name, "", place.as_uri(), Digest.of(b""), kind=PROJECT)


def _place(path: Path, root: Path) -> str:
    root = root.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _artifact(known: Artifact, wheel: Path, store: Store) -> Artifact:
    version, digest = wheel.name.split("-")[1], file_digest(wheel, store)
    return replace(known, version=version, url=wheel.as_uri(), sha256=digest, size=wheel.stat().st_size)


def _check_extras(requirement: Requirement, known: Sequence[str]) -> None:
    from ..errors.projects import GroupUnknown

    unknown = [extra for extra in requirement.extras if canonical_name(extra) not in known]
    if unknown:
        raise GroupUnknown([("extra", extra, known) for extra in unknown])


def _metadata(wheel: Path, store: Store) -> Mapping[str, Sequence[str]]:
    """Return what the metadata of a wheel ask for, and the extras that they have."""
    digest = file_digest(wheel, store)
    record = store.record(RECORD, digest)
    if record is None:
        record = _read(wheel)
        store.keep(RECORD, digest, record)
    return record


def _read(wheel: Path) -> dict[str, list[str]]:
    import zipfile
    from email.parser import BytesHeaderParser

    with zipfile.ZipFile(wheel) as archive:
        inside = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        headers = BytesHeaderParser().parsebytes(archive.read(inside))
    needs = [f"needs {line}" for line in headers.get_all("Requires-Dist", [])]
    python = headers.get("Requires-Python")
    facts = sorted([*needs, *([f"requires-python {python}"] if python else [])])
    return {"facts": facts, "extras": sorted(map(canonical_name, headers.get_all("Provides-Extra", [])))}
