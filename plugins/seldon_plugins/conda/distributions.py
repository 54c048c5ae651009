"""Which Python distributions are in conda's packages, by what pip would see of them once installed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from seldon_builder.dependencies.provided import RECORD as MODULES
from seldon_builder.dependencies.provided import module_of
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
    if record is None or store.record(MODULES, artifact.sha256) is None:
        record = _kept(artifact, store)
    return tuple((name, version) for name, version in record["distributions"])


def _kept(artifact: Artifact, store: Store) -> Record:
    """Open the package once, for what it provides and for the modules that can be imported from it."""
    distributions, modules = set[tuple[str, str]](), set[str]()
    for entry in contents_of(store, artifact).paths:
        if not (found := _SITE.fullmatch(entry.path)):
            continue
        if installed := _INSTALLED.fullmatch(found["path"]):
            distributions.add((canonical_name(installed["name"]), installed["version"]))
        else:
            modules.add(module_of(found["path"].split("/")))
    store.keep(MODULES, artifact.sha256, {"modules": sorted(modules)})
    record: Record = {"distributions": sorted(distributions)}
    store.keep(RECORD, artifact.sha256, record)
    return record
