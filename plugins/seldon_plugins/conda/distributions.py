"""Which Python distributions are in conda's packages, by what pip would see of them once installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from seldon_builder.lock import Artifact, canonical_name
from seldon_builder.store import Store

from .archive import contents_of

RECORD = "conda-distributions"
_INSTALLED = re.compile(
    r"(?:lib/python3\.\d+/)?site-packages/(?P<name>[A-Za-z0-9][^/]*?)-(?P<version>\d[^/-]*)"
    r"(?:-py\d[\d.]*)?\.(?:dist-info|egg-info)(?:/.*)?"
)


def distributions_of(artifacts: Iterable[Artifact], store: Store) -> dict[str, str]:
    """Return the versions of what ``artifacts``, all in ``store``, provide, by normalised name."""
    return {name: version for artifact in artifacts for name, version in _provided(artifact, store)}


def _provided(artifact: Artifact, store: Store) -> Iterable[tuple[str, str]]:
    record = store.record(RECORD, artifact.sha256)
    if record is None:
        record = {"distributions": sorted(set(_read(artifact, store)))}
        store.keep(RECORD, artifact.sha256, record)
    return tuple((name, version) for name, version in record["distributions"])


def _read(artifact: Artifact, store: Store) -> Iterator[tuple[str, str]]:
    for entry in contents_of(store, artifact).paths:
        if found := _INSTALLED.fullmatch(entry.path):
            yield canonical_name(found["name"]), found["version"]
