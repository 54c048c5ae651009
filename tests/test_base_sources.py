from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.connections import Connections
from seldon_builder.digest import Digest
from seldon_builder.errors.destination import ImageNotFound
from seldon_builder.events import silent
from seldon_builder.image import Image
from seldon_builder.layer import GZIP_LAYER, LayerKind
from seldon_builder.media.layout import LayoutDestination
from seldon_builder.media.manifests import BASE_DIGEST, BASE_NAME, history_of
from seldon_builder.reference import Reference
from seldon_builder.registry.pull import image_from_registry
from seldon_builder.registry.push import RegistryDestination
from seldon_builder.store import Store

from .sample_images import make_image, make_layer, skopeo

NOWHERE = Connections(docker_config=None)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def pull(name: str, store: Store, architecture: str = "amd64", *, offline: bool = False) -> Image:
    reference = Reference.parse(name)
    return image_from_registry(
        reference, architecture, store, silent, False, connections=NOWHERE, offline=offline
    )


def push(name: str, image: Image) -> None:
    RegistryDestination(Reference.parse(name), NOWHERE, silent).write(image)


@pytest.mark.registry
def test_a_base_names_itself_and_its_digest(registry: str, store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    push(f"{registry}/base/named:1", image)
    found = pull(f"{registry}/base/named:1", Store(tmp_path / "fresh"))
    assert found.annotations == {BASE_NAME: f"{registry}/base/named:1", BASE_DIGEST: str(image.digest)}
    assert replace(found, annotations={}).manifest_bytes == image.manifest_bytes


@pytest.mark.registry
def test_reading_a_base_fetches_no_layer(registry: str, store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    push(f"{registry}/base/lazy:1", image)
    fresh = Store(tmp_path / "fresh")
    pull(f"{registry}/base/lazy:1", fresh)
    assert not any(fresh.has(layer.digest) for layer in image.layers)


@pytest.mark.registry
def test_a_base_in_docker_s_vocabulary_becomes_an_oci_one(
    registry: str, store: Store, tmp_path: Path
) -> None:
    image = make_image(store)
    LayoutDestination(tmp_path / "layout", Reference.parse("x:1"), silent).write(image)
    target = f"docker://{registry}/base/docker:1"
    skopeo("copy", "--dest-tls-verify=false", "--format", "v2s2", f"oci:{tmp_path}/layout:1", target)
    found = pull(f"{registry}/base/docker:1", Store(tmp_path / "fresh"))
    assert {layer.media_type for layer in found.layers} == {GZIP_LAYER}
    assert found.layers == image.layers[:0] + tuple(
        replace(layer, kind=LayerKind.BASE, unpacked_size=0) for layer in image.layers
    )


@pytest.mark.registry
def test_what_is_built_on_a_base_is_pushed_without_reading_the_base(
    registry: str, store: Store, tmp_path: Path
) -> None:
    push(f"{registry}/base/below:1", make_image(store))
    fresh = Store(tmp_path / "fresh")
    base = pull(f"{registry}/base/below:1", fresh)
    push(f"{registry}/base/above:1", base.with_layers(make_layer(fresh, "x", b"x", LayerKind.APP)))
    assert not any(fresh.has(layer.digest) for layer in base.layers)


@pytest.mark.registry
def test_a_base_of_one_registry_is_streamed_to_another(registry: str, store: Store, tmp_path: Path) -> None:
    # The same registry by another name is another registry to us.
    other = registry.replace("127.0.0.1", "localhost")
    image = make_image(store, b"streamed", size=333_333)
    push(f"{registry}/base/stream:1", image)
    found = pull(f"{registry}/base/stream:1", Store(tmp_path / "fresh"))
    written = RegistryDestination(Reference.parse(f"{other}/base/streamed:1"), NOWHERE, silent).write(found)
    assert written.layers_written == 3


@pytest.mark.registry
def test_a_base_pinned_by_digest_needs_no_network_twice(registry: str, store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    push(f"{registry}/base/pinned:1", image)
    fresh = Store(tmp_path / "fresh")
    first = pull(f"{registry}/base/pinned@{image.digest}", fresh)
    assert pull(f"{registry}/base/pinned@{image.digest}", fresh, offline=True) == first


@pytest.mark.registry
def test_a_damaged_document_in_the_store_is_fetched_anew(registry: str, store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    push(f"{registry}/base/damaged:1", image)
    fresh = Store(tmp_path / "fresh")
    first = pull(f"{registry}/base/damaged@{image.digest}", fresh)
    path = fresh.root / "blobs" / image.digest.hex
    path.write_bytes(path.read_bytes().replace(b"layers", b"LAYERS"))
    assert pull(f"{registry}/base/damaged@{image.digest}", fresh) == first


@pytest.mark.registry
def test_an_index_leads_to_the_platform_and_lists_the_others(
    registry: str, store: Store, tmp_path: Path
) -> None:
    images = {name: replace(make_image(store), architecture=name) for name in ("amd64", "arm64")}
    for name, image in images.items():
        push(f"{registry}/base/many:{name}", image)
    entries = [
        {
            "digest": str(image.digest),
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "platform": {"os": "linux", "architecture": name},
            "size": len(image.manifest_bytes),
        }
        for name, image in images.items()
    ]
    push_index(f"{registry}/base/many:all", entries)
    fresh = Store(tmp_path / "fresh")
    found = pull(f"{registry}/base/many:all", fresh, "arm64")
    assert found.annotations[BASE_DIGEST] == str(images["arm64"].digest)
    with pytest.raises(ImageNotFound, match="On offer: linux/amd64, linux/arm64"):
        pull(f"{registry}/base/many:all", fresh, "riscv64")


def push_index(name: str, entries: list[dict[str, object]]) -> None:
    from seldon_builder.registry.client import Repository
    from seldon_builder.registry.transport import Transport

    media_type = "application/vnd.oci.image.index.v1+json"
    body = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}).encode()
    transport = Transport(NOWHERE)
    reference = Reference.parse(name)
    Repository(reference, transport, (), insecure=False).put_manifest(reference.tag, body, media_type)
    transport.close()


@pytest.mark.registry
def test_an_image_of_one_platform_is_no_base_for_another(registry: str, store: Store, tmp_path: Path) -> None:
    push(f"{registry}/base/single:1", make_image(store))
    with pytest.raises(ImageNotFound, match="On offer: linux/amd64"):
        pull(f"{registry}/base/single:1", Store(tmp_path / "fresh"), "arm64")


@pytest.mark.registry
def test_an_absent_image_is_said_in_the_registry_s_words(registry: str, store: Store) -> None:
    with pytest.raises(ImageNotFound, match="manifest unknown"):
        pull(f"{registry}/base/absent:1", store)


def test_offline_an_unknown_base_is_said(store: Store) -> None:
    with pytest.raises(ImageNotFound, match="may not use the network") as caught:
        pull("registry.invalid/base:1", store, offline=True)
    assert "--offline" in caught.value.hint


def test_offline_a_layer_that_was_never_fetched_is_said(store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    fresh = Store(tmp_path / "fresh")
    for body in (image.manifest_bytes, image.config_bytes):
        fresh.add(body)
    found = pull(f"registry.invalid/base@{Digest.of(image.manifest_bytes)}", fresh, offline=True)
    with pytest.raises(ImageNotFound, match="may not use the network"):
        found.layers[0].open()


def test_empty_layers_of_a_history_are_passed_over() -> None:
    history = [
        {"created_by": "ADD rootfs"},
        {"created_by": "ENV a=b", "empty_layer": True},
        {"comment": "a comment will do"},
    ]
    assert history_of({"history": history}, 2) == ["ADD rootfs", "a comment will do"]


@pytest.mark.parametrize("config", [{}, {"history": None}, {"history": [{"created_by": "one"}]}])
def test_a_history_that_does_not_fit_is_made_up(config: dict[str, object]) -> None:
    assert history_of(config, 2) == ["layer 1 of the base image", "layer 2 of the base image"]
