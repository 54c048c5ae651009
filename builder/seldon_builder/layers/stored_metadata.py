"""What stored wheels say of themselves: read once, then known by their digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..lock import CONDA, Artifact
from ..store import Store

RECORD = "metadata"
Headers = Mapping[str, Sequence[str]]
_KEPT = ("license-expression", "license", "requires-dist")
_LICENCE = "License :: "
_LONGEST = 200


def metadata_of(artifact: Artifact, store: Store) -> Headers:
    """Return the headers of a METADATA on licences and requirements, by lower-case name.

    ``artifact`` is in ``store``. Of a conda package its licence, which whoever locked it kept.
    """
    record = store.record(RECORD, artifact.sha256)
    if record is None and artifact.kind == CONDA:
        return {}
    if record is None:
        record = {name: list(lines) for name, lines in _read(artifact, store).items()}
        store.keep(RECORD, artifact.sha256, record)
    return record


def _read(artifact: Artifact, store: Store) -> Headers:
    from .wheel_archive import open_wheel

    with open_wheel(store, artifact) as wheel:
        return headers_of(wheel.metadata("METADATA"))


def headers_of(metadata: bytes) -> Headers:
    """Read what is kept of a METADATA, whatever bytes it holds."""
    from email.parser import HeaderParser

    found: dict[str, list[str]] = {}
    for name, value in HeaderParser().parsestr(metadata.decode("utf-8", "replace")).items():
        header, line = name.lower(), str(value)
        if header in _KEPT or (header == "classifier" and line.startswith(_LICENCE)):
            found.setdefault(header, []).append(_first_line(line) if header == "license" else line)
    return found


def _first_line(text: str) -> str:
    """Shorten a field that may hold the whole text of a licence."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:_LONGEST]
