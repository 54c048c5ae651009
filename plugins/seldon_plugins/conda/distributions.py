"""Which Python distributions are in conda's packages, by what pip would see of them once installed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from seldon_builder.dependencies.provided import RECORD as MODULES
from seldon_builder.dependencies.provided import module_of
from seldon_builder.layers.stored_metadata import RECORD as METADATA
from seldon_builder.lock import Artifact, canonical_name
from seldon_builder.store import Record, Store

from .archive import contents_of

RECORD = "conda-distributions"
_SITE = re.compile(r"(?:lib/python3\.\d+/)?site-packages/(?P<path>.+)")
_INSTALLED = re.compile(
    r"(?P<name>[A-Za-z0-9][^/]*?)-(?P<version>\d[^/-]*)(?:-py\d[\d.]*)?\.(?:dist-info|egg-info)(?:/.*)?"
)


def distributions_of(artifacts: Iterable[Artifact], store: Store) -> dict[str, str]:
    """Return the versions of what ``artifacts``, all in ``store``, provide, by normalised name."""
    return {name: version for artifact in artifacts for name, version in _provided(artifact, store)}


def _provided(artifact: Artifact, store: Store) -> Iterable[tuple[str, str]]:
    record = store.record(RECORD, artifact.sha256)
    if record is None or any(store.record(name, artifact.sha256) is None for name in (MODULES, METADATA)):
        record = _kept(artifact, store)
    return tuple((name, version) for name, version in record["distributions"])


def _kept(artifact: Artifact, store: Store) -> Record:
    """Open the package once: what it provides, the modules that can be imported from it, its licence."""
    distributions, modules = set[tuple[str, str]](), set[str]()
    contents = contents_of(store, artifact)
    for entry in contents.paths:
        if not (found := _SITE.fullmatch(entry.path)):
            continue
        if installed := _INSTALLED.fullmatch(found["path"]):
            distributions.add((canonical_name(installed["name"]), installed["version"]))
        else:
            modules.add(module_of(found["path"].split("/")))
    store.keep(MODULES, artifact.sha256, {"modules": sorted(modules)})
    licence = contents.index.get("license")
    store.keep(METADATA, artifact.sha256, {"license": [licence]} if isinstance(licence, str) else {})
    record: Record = {"distributions": sorted(distributions)}
    store.keep(RECORD, artifact.sha256, record)
    return record
