"""The software bill of materials of an image: CycloneDX, from the lock.

The library checks that the document is one; its bytes are ours, so that no release of the library changes
the digest of an image.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

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
SPECIFICATION = "1.6"
_FIELDS = ("bom-ref", "hashes", "name", "purl", "type", "version")


def sbom_layer(lock: Lock, store: Store) -> Layer:
    """Make the layer with the CycloneDX document of ``lock``: no time, no random serial number."""
    artifacts = sorted(f"{artifact.name} {artifact.sha256}" for artifact in lock.artifacts)
    key = cache_key(f"sbom {SPECIFICATION}", *artifacts)
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
    purls = {_reference(artifact): _purl(artifact) for artifact in lock.artifacts}
    components = [
        {field: component[field] for field in _FIELDS} | {"purl": purls[component["bom-ref"]]}
        for component in sorted(made["components"], key=lambda component: str(component["bom-ref"]))
    ]
    document = {
        "bomFormat": "CycloneDX",
        "components": components,
        "specVersion": SPECIFICATION,
        "version": 1,
    }
    return json.dumps(document, sort_keys=True, indent=1)


def _reference(artifact: Artifact) -> str:
    return f"{artifact.name}@{artifact.version}"


def _purl(artifact: Artifact) -> str:
    return f"pkg:pypi/{artifact.name}@{quote(artifact.version, safe='')}"


def _component(artifact: Artifact) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    return Component(
        bom_ref=_reference(artifact),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=artifact.sha256.hex)],
        name=artifact.name,
        purl=PackageURL.from_string(_purl(artifact)),
        type=ComponentType.LIBRARY,
        version=artifact.version,
    )
