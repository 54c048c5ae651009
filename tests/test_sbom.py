"""The bill of materials: a document that others can read, in bytes that nobody else decides."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cyclonedx.model.bom import Bom
from seldon_builder.digest import Digest
from seldon_builder.layers.sbom import PATH, sbom_layer
from seldon_builder.lock import Artifact, Lock
from seldon_builder.store import Store

from tests.layer_reading import contents

TORCH = Artifact(
    "torch", "2.9.0+cpu", "https://example.com/torch-2.9.0%2Bcpu-py3-none-any.whl", Digest("ab" * 32)
)
NUMPY = Artifact(
    "numpy", "1!2.1.0", "https://example.com/numpy-1!2.1.0-py3-none-any.whl", Digest("cd" * 32), 7
)
LOCK = Lock("wheels", "uv 1", "3.13", "linux/amd64", Digest("ef" * 32), (TORCH, NUMPY))
DOCUMENT = """{
 "bomFormat": "CycloneDX",
 "components": [
  {
   "bom-ref": "numpy@1!2.1.0",
   "hashes": [
    {
     "alg": "SHA-256",
     "content": "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
    }
   ],
   "name": "numpy",
   "purl": "pkg:pypi/numpy@1%212.1.0",
   "type": "library",
   "version": "1!2.1.0"
  },
  {
   "bom-ref": "torch@2.9.0+cpu",
   "hashes": [
    {
     "alg": "SHA-256",
     "content": "abababababababababababababababababababababababababababababababab"
    }
   ],
   "name": "torch",
   "purl": "pkg:pypi/torch@2.9.0%2Bcpu",
   "type": "library",
   "version": "2.9.0+cpu"
  }
 ],
 "specVersion": "1.6",
 "version": 1
}"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_the_document_has_these_bytes(store: Store) -> None:
    (found,) = contents(sbom_layer(LOCK, store)).items()

    assert found == (PATH, DOCUMENT.encode())


def test_the_library_reads_it(store: Store) -> None:
    bom = Bom.from_json(json.loads(DOCUMENT))  # type: ignore[attr-defined]  # a decorator adds it

    assert [(one.name, one.version, str(one.purl)) for one in bom.components] == [
        ("numpy", "1!2.1.0", "pkg:pypi/numpy@1%212.1.0"),
        ("torch", "2.9.0+cpu", "pkg:pypi/torch@2.9.0%2Bcpu"),
    ]


def test_another_release_of_the_library_changes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cyclonedx.output.json import JsonV1Dot6

    plain = JsonV1Dot6.output_as_string

    def later(self: JsonV1Dot6) -> str:
        """Write what a later release might: other tools, another schema, more fields, another order."""
        made = json.loads(plain(self))
        made |= {"$schema": "https://example.com/later.json", "annotations": [], "dependencies": []}
        made["metadata"] = {"tools": {"components": [{"name": "cyclonedx-python-lib", "version": "99"}]}}
        made["components"] = [one | {"scope": "required"} for one in reversed(made["components"])]
        return json.dumps(made)

    monkeypatch.setattr(JsonV1Dot6, "output_as_string", later)

    assert contents(sbom_layer(LOCK, store))[PATH] == DOCUMENT.encode()


def test_the_order_of_the_lock_does_not_matter(store: Store) -> None:
    turned = replace(LOCK, artifacts=(NUMPY, TORCH))

    assert sbom_layer(turned, store).digest == sbom_layer(LOCK, store).digest
