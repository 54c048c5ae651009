"""The bill of materials: a document that others can read, in bytes that nobody else decides."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from seldon_builder.digest import Digest
from seldon_builder.layers.sbom import PATH, sbom_layer, sbom_of
from seldon_builder.lock import PROJECT, Artifact, Lock
from seldon_builder.store import Store
from seldon_runtime import __version__

from tests.layer_reading import contents
from tests.wheelhouse import make_wheel

RUNTIME = ("pluggy>=1",)
DOCUMENT = """{
 "bomFormat": "CycloneDX",
 "components": [
  {
   "bom-ref": "numpy@1!2.1.0",
   "hashes": [
    {
     "alg": "SHA-256",
     "content": "$numpy"
    }
   ],
   "licenses": [
    {
     "expression": "BSD-3-Clause AND 0BSD"
    }
   ],
   "name": "numpy",
   "purl": "pkg:pypi/numpy@1%212.1.0",
   "type": "library",
   "version": "1!2.1.0"
  },
  {
   "bom-ref": "seldon-python-runtime@$version",
   "licenses": [
    {
     "license": {
      "id": "Apache-2.0"
     }
    }
   ],
   "name": "seldon-python-runtime",
   "purl": "pkg:pypi/seldon-python-runtime@$version",
   "type": "library",
   "version": "$version"
  },
  {
   "bom-ref": "torch@2.9.0+cpu",
   "hashes": [
    {
     "alg": "SHA-256",
     "content": "$torch"
    }
   ],
   "name": "torch",
   "purl": "pkg:pypi/torch@2.9.0%2Bcpu",
   "type": "library",
   "version": "2.9.0+cpu"
  }
 ],
 "dependencies": [
  {
   "dependsOn": [
    "seldon-python-runtime@$version",
    "torch@2.9.0+cpu"
   ],
   "ref": "model"
  },
  {
   "ref": "numpy@1!2.1.0"
  },
  {
   "ref": "seldon-python-runtime@$version"
  },
  {
   "dependsOn": [
    "numpy@1!2.1.0"
   ],
   "ref": "torch@2.9.0+cpu"
  }
 ],
 "metadata": {
  "component": {
   "bom-ref": "model",
   "name": "Iris",
   "type": "application"
  }
 },
 "specVersion": "1.6",
 "version": 1
}"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def stored(store: Store, folder: Path, name: str, version: str = "1.0", **more: Any) -> Artifact:
    path = make_wheel(folder, name, version, **more)
    with store.writer() as writer:
        writer.write(path.read_bytes())
        digest = writer.commit()
    return Artifact(name, version, f"https://example.com/{path.name}", digest, path.stat().st_size)


def locked(*artifacts: Artifact, roots: tuple[str, ...] = ()) -> Lock:
    return Lock("wheels", "uv 1", "3.13", "linux/amd64", Digest("ef" * 32), artifacts, roots)


@pytest.fixture
def lock(store: Store, tmp_path: Path) -> Lock:
    numpy = stored(
        store, tmp_path, "numpy", "1!2.1.0", headers=("License-Expression: BSD-3-Clause AND 0BSD",)
    )
    needs = ("numpy>=1", "mpmath; extra == 'sym'", "numpy; sys_platform == 'win32'")
    torch = stored(store, tmp_path, "torch", "2.9.0+cpu", requires=needs)
    return locked(torch, numpy, roots=("torch",))


def expected(lock: Lock) -> str:
    text = DOCUMENT.replace("$version", __version__)
    for artifact in lock.artifacts:
        text = text.replace(f"${artifact.name}", artifact.sha256.hex)
    return text


def graph(document: str) -> dict[str, list[str]]:
    return {entry["ref"]: entry.get("dependsOn", []) for entry in json.loads(document)["dependencies"]}


def test_the_document_has_these_bytes(store: Store, lock: Lock) -> None:
    assert sbom_of(lock, store, "Iris", RUNTIME) == expected(lock)


def test_the_layer_holds_the_document_alone(store: Store) -> None:
    assert contents(sbom_layer("{}", store)) == {PATH: b"{}"}


def test_the_schema_and_the_library_take_it(store: Store, lock: Lock) -> None:
    document = sbom_of(lock, store, "Iris", RUNTIME)
    bom = Bom.from_json(json.loads(document))  # type: ignore[attr-defined]  # a decorator adds it

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document) is None
    assert [(one.name, one.version, str(one.purl)) for one in bom.components] == [
        ("numpy", "1!2.1.0", "pkg:pypi/numpy@1%212.1.0"),
        ("seldon-python-runtime", __version__, f"pkg:pypi/seldon-python-runtime@{__version__}"),
        ("torch", "2.9.0+cpu", "pkg:pypi/torch@2.9.0%2Bcpu"),
    ]


def test_another_release_of_the_library_changes_nothing(
    store: Store, lock: Lock, monkeypatch: pytest.MonkeyPatch
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

    assert sbom_of(lock, store, "Iris", RUNTIME) == expected(lock)


def test_the_order_of_the_lock_does_not_matter(store: Store, lock: Lock, tmp_path: Path) -> None:
    turned = replace(lock, artifacts=lock.artifacts[::-1])
    other = Store(tmp_path / "other")
    for artifact in lock.artifacts:
        with other.writer() as writer, (store.root / "blobs" / artifact.sha256.hex).open("rb") as blob:
            writer.write(blob.read())
            writer.commit()

    assert sbom_of(turned, other, "Iris", RUNTIME) == sbom_of(lock, store, "Iris", RUNTIME)


def test_a_second_document_opens_no_wheel(store: Store, lock: Lock) -> None:
    first = sbom_of(lock, store, "Iris", RUNTIME)
    for artifact in lock.artifacts:
        (store.root / "blobs" / artifact.sha256.hex).unlink()

    assert sbom_of(lock, store, "Iris", RUNTIME) == first
    assert graph(sbom_of(lock, store, "Other", RUNTIME)) == graph(first)


def test_the_runtime_names_what_it_needs(store: Store, tmp_path: Path) -> None:
    pluggy = stored(store, tmp_path, "pluggy", requires=("deep",))
    deep = stored(store, tmp_path, "deep")
    found = graph(sbom_of(locked(pluggy, deep), store, "", RUNTIME))
    ours = f"seldon-python-runtime@{__version__}"

    assert found == {"model": [ours], ours: ["pluggy@1.0"], "pluggy@1.0": ["deep@1.0"], "deep@1.0": []}


def test_what_only_an_extra_brings_is_the_models_own(store: Store, tmp_path: Path) -> None:
    api = stored(store, tmp_path, "api", requires=("forms; extra == 'standard'",))
    forms = stored(store, tmp_path, "forms", requires=("deep",))
    deep = stored(store, tmp_path, "deep")
    found = graph(sbom_of(locked(api, forms, deep, roots=("api",)), store, "", ()))

    assert found["model"] == ["api@1.0", "forms@1.0", f"seldon-python-runtime@{__version__}"]


def test_an_extra_that_a_wheel_asks_for_leads_on(store: Store, tmp_path: Path) -> None:
    app = stored(store, tmp_path, "app", requires=("api[standard]",))
    api = stored(store, tmp_path, "api", requires=("forms; extra == 'standard'",))
    forms = stored(store, tmp_path, "forms")
    found = graph(sbom_of(locked(app, api, forms, roots=("app",)), store, "", ()))

    assert found["api@1.0"] == ["forms@1.0"]


def test_a_circle_that_nothing_leads_to_is_all_there(store: Store, tmp_path: Path) -> None:
    one = stored(store, tmp_path, "one", requires=("two",))
    two = stored(store, tmp_path, "two", requires=("one",))
    found = graph(sbom_of(locked(one, two), store, "", ()))

    assert found["model"] == ["one@1.0", f"seldon-python-runtime@{__version__}", "two@1.0"]


def test_what_the_user_develops_is_no_package_of_an_index(store: Store, tmp_path: Path) -> None:
    mine = replace(stored(store, tmp_path, "mine"), kind=PROJECT)
    component = json.loads(sbom_of(locked(mine, roots=("mine",)), store, "", ()))["components"][0]

    assert component["name"] == "mine"
    assert "purl" not in component
