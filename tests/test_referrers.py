"""The bill of materials beside an image: a referrer in layouts and in registries with and without the API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from seldon_builder.connections import Connections
from seldon_builder.digest import Digest
from seldon_builder.events import Event, EventKind, silent
from seldon_builder.image import Attachment, Image
from seldon_builder.media.layout import LayoutDestination
from seldon_builder.media.layout_source import image_from_layout
from seldon_builder.media.referrers import fallback_tag, referrers_of
from seldon_builder.reference import Reference
from seldon_builder.registry.push import RegistryDestination
from seldon_builder.store import Store

from .fake_registry import FakeRegistry, Fault, running
from .sample_images import make_image, skopeo

KIND = "application/vnd.cyclonedx+json"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def image(store: Store) -> Image:
    return described(make_image(store))


def described(image: Image, content: bytes = b'{"bomFormat": "CycloneDX"}') -> Image:
    return replace(image, attachments=(Attachment(KIND, content),))


def referrer(image: Image) -> str:
    return str(referrers_of(image)[0].digest)


def index_of(layout: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((layout / "index.json").read_text())["manifests"]
    return found


def test_an_attachment_is_no_part_of_the_digest(store: Store, image: Image) -> None:
    assert image.digest == make_image(store).digest


def test_a_layout_lists_the_referrer_after_the_image(image: Image, tmp_path: Path) -> None:
    LayoutDestination(tmp_path / "out", Reference.parse("a:1"), silent).write(image)
    first, second = index_of(tmp_path / "out")
    blobs = tmp_path / "out" / "blobs" / "sha256"
    manifest = json.loads((blobs / Digest.parse(second["digest"]).hex).read_bytes())

    assert (first["digest"], second["artifactType"]) == (str(image.digest), KIND)
    assert manifest["subject"]["digest"] == str(image.digest)
    named = (manifest["layers"][0], manifest["config"])
    found = [(blobs / Digest.parse(one["digest"]).hex).read_bytes() for one in named]
    assert found == [image.attachments[0].content, b"{}"]


def test_a_layout_keeps_one_referrer_an_image(store: Store, image: Image, tmp_path: Path) -> None:
    for _ in range(2):
        LayoutDestination(tmp_path / "out", Reference.parse("a:1"), silent).write(image)
    other = described(make_image(store, b"other"))
    LayoutDestination(tmp_path / "out", Reference.parse("b:2"), silent).write(other)
    newest = described(make_image(store, b"newest"))
    LayoutDestination(tmp_path / "out", Reference.parse("a:1"), silent).write(newest)

    listed = [entry["digest"] for entry in index_of(tmp_path / "out")]
    assert listed == [str(other.digest), str(newest.digest), *map(referrer, (other, newest))]


def test_others_and_we_read_a_layout_with_a_referrer(image: Image, store: Store, tmp_path: Path) -> None:
    LayoutDestination(tmp_path / "out", Reference.parse("a:1"), silent).write(image)
    skopeo("copy", f"oci:{tmp_path}/out:1", f"oci:{tmp_path}/copy:1")

    assert image_from_layout(tmp_path / "out", image.architecture, store).layers[0].digest


def get(url: str, accept: str = "*/*") -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


@pytest.mark.registry
def test_a_registry_without_the_api_has_it_under_the_fallback_tag(
    registry: str, store: Store, image: Image
) -> None:
    events: list[Event] = []
    reference = Reference.parse(f"{registry}/referrers/plain:1")
    RegistryDestination(reference, Connections(), events.append).write(image)
    base = f"http://{registry}/v2/referrers/plain"
    index = get(f"{base}/manifests/{fallback_tag(image.digest)}", "application/vnd.oci.image.index.v1+json")
    (entry,) = index["manifests"]
    manifest = get(f"{base}/manifests/{entry['digest']}", "application/vnd.oci.image.manifest.v1+json")

    assert entry["artifactType"] == KIND
    assert get(f"{base}/blobs/{manifest['layers'][0]['digest']}") == {"bomFormat": "CycloneDX"}
    assert [event for event in events if event.kind is EventKind.WARNING] == []


@pytest.mark.registry
def test_the_fallback_tag_keeps_what_others_listed(registry: str, store: Store, image: Image) -> None:
    reference = Reference.parse(f"{registry}/referrers/shared:1")
    RegistryDestination(reference, Connections(), silent).write(described(image, b"another"))
    RegistryDestination(reference, Connections(), silent).write(image)
    RegistryDestination(reference, Connections(), silent).write(image)
    url = f"http://{registry}/v2/referrers/shared/manifests/{fallback_tag(image.digest)}"
    found = get(url, "application/vnd.oci.image.index.v1+json")["manifests"]

    assert [entry["digest"] for entry in found] == [referrer(described(image, b"another")), referrer(image)]


def pushed(fake: FakeRegistry, image: Image) -> list[Event]:
    events: list[Event] = []
    RegistryDestination(Reference.parse(f"{fake.address}/a:1"), Connections(), events.append).write(image)
    return [event for event in events if event.kind is EventKind.WARNING]


def test_a_registry_that_notes_subjects_gets_no_fallback_tag(image: Image) -> None:
    with running() as fake:
        noted = {"OCI-Subject": str(image.digest)}
        fake.faults.append(Fault("PUT", f"manifests/{referrer(image)}", status=201, headers=noted))

        assert pushed(fake, image) == []
        assert fake.count("PUT", fallback_tag(image.digest)) == 0


@pytest.mark.parametrize("path", ["manifests/sha256:", "manifests/sha256-"])
def test_a_registry_that_wants_no_referrers_still_takes_the_image(image: Image, path: str) -> None:
    with running() as fake:
        fake.faults.append(Fault("PUT", path, times=9, status=400, body=b"no"))
        (told,) = pushed(fake, image)

        assert "has the image, but not the application/vnd.cyclonedx+json" in told.message
        assert "1" in fake.manifests


def test_a_fallback_tag_that_is_no_index_is_left_alone(image: Image) -> None:
    with running() as fake:
        tag = fallback_tag(image.digest)
        fake.manifests[tag] = ("application/vnd.oci.image.index.v1+json", b"[")

        assert len(pushed(fake, image)) == 1
        assert fake.manifests[tag][1] == b"["
