"""Images for several platforms under one name, in layouts and registries."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.connections import Connections
from seldon_builder.destination import IndexDestination
from seldon_builder.events import silent
from seldon_builder.image import Attachment, Image
from seldon_builder.media.archive import ArchiveDestination
from seldon_builder.media.daemon import DaemonDestination
from seldon_builder.media.image_index import index_of
from seldon_builder.media.layout import LayoutDestination
from seldon_builder.media.layout_source import image_from_layout
from seldon_builder.media.referrers import referrers_of
from seldon_builder.reference import Reference
from seldon_builder.registry.push import RegistryDestination
from seldon_builder.store import Store

from .sample_images import inspect, make_image, skopeo


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def images(store: Store) -> list[Image]:
    bill = (Attachment("application/vnd.cyclonedx+json", b"{}"),)
    plain = replace(make_image(store), attachments=bill)
    return [replace(plain, architecture="arm64"), plain]


def test_the_index_is_sorted_by_platform(images: list[Image]) -> None:
    found = json.loads(index_of(images))["manifests"]

    assert [entry["platform"]["architecture"] for entry in found] == ["amd64", "arm64"]
    assert index_of(images) == index_of(images[::-1])


def test_a_layout_names_the_index_and_lists_each_referrer(
    images: list[Image], tmp_path: Path, store: Store
) -> None:
    destination = LayoutDestination(tmp_path / "layout", Reference.parse("both:1"), silent)
    for _ in range(2):
        written = destination.write_all(images)
    entries = json.loads((tmp_path / "layout" / "index.json").read_text())["manifests"]

    assert [entry["digest"] for entry in entries] == [
        str(written.digest),
        *(str(referrers_of(image)[0].digest) for image in images),
    ]
    for image in images:
        assert image_from_layout(tmp_path / "layout", image.architecture, store).architecture == (
            image.architecture
        )


def test_skopeo_copies_a_layout_of_several_platforms_whole(images: list[Image], tmp_path: Path) -> None:
    LayoutDestination(tmp_path / "layout", Reference.parse("both:1"), silent).write_all(images)
    skopeo("copy", "--all", f"oci:{tmp_path}/layout:1", f"oci:{tmp_path}/copy:1")

    assert len(list((tmp_path / "copy" / "blobs" / "sha256").iterdir())) >= 6


@pytest.mark.registry
def test_a_registry_gives_each_platform_its_image(registry: str, images: list[Image]) -> None:
    name = f"{registry}/index/both:1"
    destination = RegistryDestination(Reference.parse(name), Connections(), silent)
    first, second = destination.write_all(images), destination.write_all(images)

    for image in images:
        options = ("--tls-verify=false", f"--override-arch={image.architecture}")
        assert inspect(f"docker://{name}", *options)["Architecture"] == image.architecture
    assert first.digest == second.digest
    assert (first.bytes_written > 0, second.bytes_written) == (True, 0)


def test_an_engine_and_an_archive_take_one_platform(tmp_path: Path) -> None:
    reference = Reference.parse("one:1")
    others = (
        ArchiveDestination(tmp_path / "a.tar", reference, silent),
        DaemonDestination(reference, Connections(), silent),
    )

    assert not [one for one in others if isinstance(one, IndexDestination)]
