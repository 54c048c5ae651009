from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.connections import Connections
from seldon_builder.destination import Output
from seldon_builder.errors.store import BlobCorrupt
from seldon_builder.events import Event, silent
from seldon_builder.layer import LayerKind
from seldon_builder.reference import Reference
from seldon_builder.registry.push import RegistryDestination
from seldon_builder.store import Store
from seldon_plugins.destinations import registry as destination_registry

from .sample_images import docker, inspect, make_image, make_layer, noise, skopeo

pytestmark = pytest.mark.registry


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def destination(name: str) -> RegistryDestination:
    return RegistryDestination(Reference.parse(name), Connections(), silent)


def test_a_pushed_image_is_what_skopeo_finds(registry: str, store: Store) -> None:
    image = make_image(store)
    written = destination(f"{registry}/push/first:1").write(image)
    found = inspect(f"docker://{registry}/push/first:1", "--tls-verify=false")
    assert found["Digest"] == str(image.digest) == str(written.digest)
    assert found["Layers"] == [str(layer.digest) for layer in image.layers]
    assert (written.layers_written, written.layers_reused) == (3, 0)
    assert written.bytes_written == sum(layer.size for layer in image.layers) + len(image.config_bytes)


def test_skopeo_copies_a_pushed_image_whole(registry: str, store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    destination(f"{registry}/push/copied:1").write(image)
    skopeo("copy", "--src-tls-verify=false", f"docker://{registry}/push/copied:1", f"oci:{tmp_path}/layout:1")
    assert inspect(f"oci:{tmp_path}/layout:1")["Digest"] == str(image.digest)


@pytest.mark.docker
def test_docker_runs_a_pushed_image(registry: str, docker_host: str, store: Store) -> None:
    name = f"{registry}/push/hello:1"
    destination(name).write(make_image(store, b"pushed"))
    try:
        assert docker(docker_host, "run", "--rm", name) == "hello"
    finally:
        docker(docker_host, "rmi", "-f", name)


def test_a_second_push_sends_nothing(registry: str, store: Store) -> None:
    image = make_image(store, b"twice")
    destination(f"{registry}/push/twice:1").write(image)
    written = destination(f"{registry}/push/twice:1").write(image)
    assert (written.layers_written, written.layers_reused, written.bytes_written) == (0, 3, 0)


def test_another_tag_of_a_pushed_image_costs_only_the_tag(registry: str, store: Store) -> None:
    image = make_image(store, b"tags")
    destination(f"{registry}/push/tags:1").write(image)
    assert destination(f"{registry}/push/tags:2").write(image).bytes_written == 0
    assert inspect(f"docker://{registry}/push/tags:2", "--tls-verify=false")["Digest"] == str(image.digest)


def test_a_code_edit_sends_only_the_code(registry: str, store: Store) -> None:
    destination(f"{registry}/push/edit:1").write(make_image(store, b"before"))
    written = destination(f"{registry}/push/edit:1").write(make_image(store, b"after"))
    assert written.layers_written == 1
    assert written.bytes_written < 2_000


def test_a_layer_of_another_repository_is_mounted_and_never_read(registry: str, store: Store) -> None:
    image = make_image(store, b"mounted")
    lender = Reference.parse(f"{registry}/push/lender:1")
    RegistryDestination(lender, Connections(), silent).write(image)
    layers = tuple(
        type(layer)(**{**layer.__dict__, "source": Unreadable(), "repository": lender})
        for layer in image.layers
    )
    borrowed = type(image)(image.architecture, layers, image.config)
    events: list[Event] = []
    reference = Reference.parse(f"{registry}/push/borrower:1")
    written = RegistryDestination(reference, Connections(), events.append).write(borrowed)
    assert written.layers_written == 0
    assert "3 mounted" in events[-1].message


class Unreadable:
    def open(self) -> object:
        raise AssertionError("a mounted layer was read")


def test_a_lender_that_lacks_the_layer_makes_it_be_sent(registry: str, store: Store) -> None:
    layer = make_layer(store, "unlent", noise(5000, "unlent"))
    lender = Reference.parse(f"{registry}/push/poor:1")
    image = make_image(store).with_layers(type(layer)(**{**layer.__dict__, "repository": lender}))
    written = destination(f"{registry}/push/rich:1").write(image)
    assert written.layers_written == 4


def test_a_damaged_blob_is_never_pushed(registry: str, store: Store) -> None:
    layer = make_layer(store, "damaged", noise(300_000, "damaged"), LayerKind.WEIGHTS)
    path = store.root / "blobs" / layer.digest.hex
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    with pytest.raises(BlobCorrupt):
        destination(f"{registry}/push/damaged:1").write(make_image(store).with_layers(layer))
    assert not store.has(layer.digest)


def test_the_same_layer_twice_in_an_image_is_sent_once(registry: str, store: Store) -> None:
    layer = make_layer(store, "double", noise(50_000, "double"))
    image = make_image(store).with_layers(layer, layer)
    written = destination(f"{registry}/push/double:1").write(image)
    assert written.bytes_written < sum(one.size for one in image.layers)


def test_progress_ends_at_the_total(registry: str, store: Store) -> None:
    events: list[Event] = []
    reference = Reference.parse(f"{registry}/push/progress:1")
    RegistryDestination(reference, Connections(), events.append).write(make_image(store, b"progress"))
    moved = [event for event in events if event.total]
    assert moved[-1].done == moved[-1].total > 0


def test_the_plugin_takes_outputs_of_its_kind_alone(store: Store) -> None:
    reference = Reference.parse("localhost:1/a:1")
    assert destination_registry.seldon_destination(Output("oci", reference, "x"), silent) is None
    assert destination_registry.seldon_destination(Output("registry", reference), silent)
