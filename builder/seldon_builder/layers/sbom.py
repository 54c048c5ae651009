"""The software bill of materials of an image: CycloneDX, from the lock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..entry import file
from ..layer import Layer, LayerKind
from ..lock import Artifact, Lock
from ..store import Store
from .packing import cache_key, layer_from_entries

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

# Where `pack sbom download` looks for a buildpack's own document.
PATH = "/layers/sbom/launch/seldon_python/sbom.cdx.json"
RECORDS = "sboms"


def sbom_layer(lock: Lock, store: Store) -> Layer:
    """Make the layer with the CycloneDX document of ``lock``: no time, no random serial number."""
    key = cache_key("sbom", *(f"{artifact.name} {artifact.sha256}" for artifact in lock.artifacts))
    record = store.record(RECORDS, key)
    document = record["document"] if record else _document(lock)
    if not record:
        store.keep(RECORDS, key, {"document": document})
    entries = [file(PATH, document.encode())]
    return layer_from_entries(store, key, LayerKind.SBOM, "Software Bill-of-Materials", entries)


def _document(lock: Lock) -> str:
    # Imported here: it costs 0.3 s, and a warm build has the document already.
    from cyclonedx.model.bom import Bom
    from cyclonedx.output.json import JsonV1Dot6

    bom = Bom(components=[_component(artifact) for artifact in lock.artifacts])
    made = json.loads(JsonV1Dot6(bom).output_as_string())
    made.pop("serialNumber", None)
    made["metadata"].pop("timestamp", None)
    return json.dumps(made, sort_keys=True, indent=1)


def _component(artifact: Artifact) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    return Component(
        bom_ref=f"{artifact.name}@{artifact.version}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=artifact.sha256.hex)],
        name=artifact.name,
        purl=PackageURL("pypi", name=artifact.name, version=artifact.version),
        type=ComponentType.LIBRARY,
        version=artifact.version,
    )
