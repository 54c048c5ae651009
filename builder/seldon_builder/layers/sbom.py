"""The software bill of materials of an image: CycloneDX, from the lock.

The library checks that the document is one; its bytes are ours, so that no release of the library changes
the digest of an image.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from seldon_runtime import __version__

from ..entry import file
from ..layer import Layer, LayerKind
from ..lock import CONDA, Artifact, Lock
from ..store import Store
from .package_url import package_url
from .packing import cache_key, layer_from_entries

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

    from .dependency_graph import Graph

# Where `pack sbom download` looks for a buildpack's own document.
PATH = "/layers/sbom/launch/seldon_python/sbom.cdx.json"
MEDIA_TYPE = "application/vnd.cyclonedx+json"
RECORDS = "sboms"
SPECIFICATION = "1.6"
# Raise it when the same lock would lead to another document.
FORMAT = "3"
RUNTIME = "seldon-python-runtime"
MODEL = "model"
_FIELDS = ("bom-ref", "hashes", "name", "type", "version")


def sbom_layer(document: str, store: Store) -> Layer:
    """Make the layer that holds a document of ``sbom_of``."""
    key = cache_key(f"sbom {SPECIFICATION}", document)
    entries = [file(PATH, document.encode())]
    return layer_from_entries(store, key, LayerKind.SBOM, "Software Bill-of-Materials", entries)


def sbom_of(lock: Lock, store: Store, model: str, runtime: Sequence[str]) -> str:
    """Return the document of ``lock``, whose artifacts are in ``store``: no time, no random serial number.

    ``model`` is the name of the model, "" where nobody knows it; ``runtime`` are the runtime's requirements.
    """
    artifacts = sorted(f"{_reference(item)} {package_url(item)} {item.sha256}" for item in lock.artifacts)
    parts = (model, __version__, lock.python, lock.platform, "\n".join(lock.roots), "\n".join(runtime))
    key = cache_key(f"sbom {SPECIFICATION} {FORMAT}", *parts, *artifacts)
    record = store.record(RECORDS, key)
    if record is None:
        record = {"document": _document(lock, store, model, runtime)}
        store.keep(RECORDS, key, record)
    return str(record["document"])


def _document(lock: Lock, store: Store, model: str, runtime: Iterable[str]) -> str:
    # Imported here: it costs 0.3 s, and a warm build has the document already.
    from cyclonedx.model.bom import Bom
    from cyclonedx.output.json import JsonV1Dot6

    from .dependency_graph import graph_of

    bom = Bom(components=[_component(artifact) for artifact in lock.artifacts])
    made = {one["bom-ref"]: one for one in json.loads(JsonV1Dot6(bom).output_as_string())["components"]}
    components = [
        {field: made[_reference(artifact)][field] for field in _FIELDS} | _told(artifact, store)
        for artifact in lock.artifacts
    ]
    components.append(_runtime())
    document = {
        "bomFormat": "CycloneDX",
        "components": sorted(components, key=lambda component: str(component["bom-ref"])),
        "dependencies": list(_dependencies(lock, graph_of(lock, runtime, store))),
        "metadata": {"component": {"bom-ref": MODEL, "name": model or MODEL, "type": "application"}},
        "specVersion": SPECIFICATION,
        "version": 1,
    }
    return json.dumps(document, sort_keys=True, indent=1)


def _reference(artifact: Artifact) -> str:
    # A wheel may stand beside the conda package of its name.
    return f"{'conda:' if artifact.kind == CONDA else ''}{artifact.name}@{artifact.version}"


def _told(artifact: Artifact, store: Store) -> dict[str, Any]:
    """Return what the library has no part in, as its tables would: package URL and licences."""
    from ..dependencies.licences import licences_of
    from .stored_metadata import metadata_of

    licences = [licence.document() for licence in licences_of(metadata_of(artifact, store))]
    return {
        **({"purl": purl} if (purl := package_url(artifact)) else {}),
        **({"licenses": licences} if licences else {}),
    }


def _runtime() -> dict[str, Any]:
    return {
        "bom-ref": f"{RUNTIME}@{__version__}",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "name": RUNTIME,
        "purl": f"pkg:pypi/{RUNTIME}@{__version__}",
        "type": "library",
        "version": __version__,
    }


def _dependencies(lock: Lock, graph: Graph) -> Iterable[dict[str, Any]]:
    references = {artifact.name: _reference(artifact) for artifact in lock.artifacts}
    ours = f"{RUNTIME}@{__version__}"
    found = {
        MODEL: [*(references[name] for name in graph.model), ours],
        ours: [references[name] for name in graph.runtime],
        **{references[name]: [references[one] for one in needs] for name, needs in graph.needs.items()},
    }
    for reference in sorted(found):
        needs = sorted(found[reference])
        yield {"ref": reference, **({"dependsOn": needs} if needs else {})}


def _component(artifact: Artifact) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType

    return Component(
        bom_ref=_reference(artifact),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=artifact.sha256.hex)],
        name=artifact.name,
        type=ComponentType.LIBRARY,
        version=artifact.version,
    )
