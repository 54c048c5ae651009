from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.destination import Output
from seldon_builder.digest import Digest
from seldon_builder.errors.destination import ImageNotFound, LayoutInvalid, OutputUnwritable
from seldon_builder.errors.store import BlobCorrupt
from seldon_builder.events import silent
from seldon_builder.image import Image
from seldon_builder.media.layout import LayoutDestination, blob_path
from seldon_builder.media.layout_source import image_from_layout
from seldon_builder.media.manifests import BASE_DIGEST
from seldon_builder.reference import Reference
from seldon_builder.store import Store
from seldon_plugins.destinations import layout as destination_layout

from .sample_images import inspect, make_image, skopeo, unpack


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def write(layout: Path, image: Image, tag: str = "1") -> None:
    LayoutDestination(layout, Reference.parse(f"iris:{tag}"), silent).write(image)


def test_skopeo_reads_what_was_written(store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    write(tmp_path / "layout", image)
    assert inspect(f"oci:{tmp_path}/layout:1")["Digest"] == str(image.digest)


def test_umoci_unpacks_what_was_written(store: Store, tmp_path: Path) -> None:
    write(tmp_path / "layout", make_image(store, b"the app"))
    root = unpack(tmp_path / "layout", "1", tmp_path / "bundle")
    assert (root / "app").read_bytes() == b"the app"
    assert subprocess.run([root / "hello"], capture_output=True, check=True).stdout == b"hello\n"


def test_a_second_image_keeps_the_first_one_s_tag(store: Store, tmp_path: Path) -> None:
    first, second = make_image(store), make_image(store, b"second")
    write(tmp_path / "layout", first, "1")
    write(tmp_path / "layout", second, "2")
    found = {tag: inspect(f"oci:{tmp_path}/layout:{tag}")["Digest"] for tag in ("1", "2")}
    assert found == {"1": str(first.digest), "2": str(second.digest)}


def test_a_tag_moves_to_the_newer_image(store: Store, tmp_path: Path) -> None:
    write(tmp_path / "layout", make_image(store))
    newer = make_image(store, b"newer")
    write(tmp_path / "layout", newer)
    index = json.loads((tmp_path / "layout" / "index.json").read_text())
    assert [entry["digest"] for entry in index["manifests"]] == [str(newer.digest)]


def test_a_code_edit_writes_only_the_code(store: Store, tmp_path: Path) -> None:
    write(tmp_path / "layout", make_image(store))
    destination = LayoutDestination(tmp_path / "layout", Reference.parse("iris:1"), silent)
    written = destination.write(make_image(store, b"edited"))
    assert (written.layers_written, written.layers_reused) == (1, 2)


def test_blobs_are_links_to_the_store_that_anybody_may_read(store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    write(tmp_path / "layout", image)
    for layer in image.layers:
        status = blob_path(tmp_path / "layout", layer.digest).stat()
        assert (status.st_nlink, status.st_mode & 0o777) == (2, 0o644)


def test_a_layer_from_elsewhere_is_copied(store: Store, tmp_path: Path) -> None:
    write(tmp_path / "first", make_image(store))
    write(tmp_path / "second", image_from_layout(tmp_path / "first", "amd64", store))
    for blob in (tmp_path / "second" / "blobs" / "sha256").iterdir():
        assert (blob.stat().st_nlink, blob.stat().st_mode & 0o777) == (1, 0o644)
        assert Digest.of(blob.read_bytes()).hex == blob.name


def test_a_damaged_blob_of_the_store_never_enters_a_layout(store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    path = store.root / "blobs" / image.layers[1].digest.hex
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(BlobCorrupt):
        write(tmp_path / "layout", image)
    assert not blob_path(tmp_path / "layout", image.layers[1].digest).exists()
    assert not (tmp_path / "layout" / "index.json").exists()


def test_parallel_writers_lose_no_tag(store: Store, tmp_path: Path) -> None:
    images = {str(number): make_image(store, bytes([number])) for number in range(8)}
    threads = [
        threading.Thread(target=write, args=(tmp_path / "layout", image, tag))
        for tag, image in images.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    index = json.loads((tmp_path / "layout" / "index.json").read_text())
    assert len(index["manifests"]) == len(images)


def test_a_folder_with_other_things_is_left_alone(store: Store, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(OutputUnwritable, match="something else"):
        write(tmp_path, make_image(store))


def test_a_place_that_cannot_be_written_is_an_error(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputUnwritable, match="not a directory"):
        write(tmp_path / "file" / "layout", make_image(store))


def test_a_full_disk_is_said_and_leaves_no_image(store: Store, tmp_path: Path) -> None:
    image = make_image(store, size=3_000_000)
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)], check=True)
    try:
        with pytest.raises(OutputUnwritable, match="no space left"):
            write(disk / "layout", image)
        assert not (disk / "layout" / "index.json").exists()
        assert not list(disk.glob("layout/**/.new-*"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_what_was_written_is_read_back(store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    write(tmp_path / "layout", image)
    found = image_from_layout(tmp_path / "layout", "amd64", store)
    assert replace(found, annotations={}).manifest_bytes == image.manifest_bytes
    assert found.annotations == {BASE_DIGEST: str(image.digest)}


def test_a_tag_chooses_among_images(store: Store, tmp_path: Path) -> None:
    first, second = make_image(store), make_image(store, b"second")
    write(tmp_path / "layout", first, "1")
    write(tmp_path / "layout", second, "2")
    found = image_from_layout(tmp_path / "layout:2", "amd64", store)
    assert found.config_digest == second.config_digest


def test_several_images_and_no_tag_is_an_error_that_lists_them(store: Store, tmp_path: Path) -> None:
    write(tmp_path / "layout", make_image(store), "1")
    write(tmp_path / "layout", make_image(store, b"second"), "2")
    with pytest.raises(LayoutInvalid, match="from 1, 2"):
        image_from_layout(tmp_path / "layout", "amd64", store)


def nest(layout: Path) -> None:
    """Put an index of two platforms and an attestation above the image that is there."""
    index = json.loads((layout / "index.json").read_text())
    (entry,) = index["manifests"]
    other = {
        **entry,
        "digest": str(Digest.of(b"absent")),
        "platform": {"os": "linux", "architecture": "arm64"},
    }
    attestation = {**other, "platform": {"os": "unknown", "architecture": "unknown"}}
    body = json.dumps({**index, "manifests": [other, attestation, entry]}).encode()
    digest = Digest.of(body)
    blob_path(layout, digest).write_bytes(body)
    descriptor = {"digest": str(digest), "mediaType": index["mediaType"], "size": len(body)}
    (layout / "index.json").write_text(json.dumps({**index, "manifests": [descriptor]}))


def test_an_index_in_the_index_is_followed_to_the_platform(store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    write(tmp_path / "layout", image)
    nest(tmp_path / "layout")
    assert image_from_layout(tmp_path / "layout", "amd64", store).config_digest == image.config_digest


def test_another_platform_is_an_error_with_those_on_offer(store: Store, tmp_path: Path) -> None:
    write(tmp_path / "layout", make_image(store))
    with pytest.raises(ImageNotFound, match=r"On offer: 1 linux/amd64"):
        image_from_layout(tmp_path / "layout", "arm64", store)


def test_a_layout_of_skopeo_in_docker_s_vocabulary_is_read(store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    write(tmp_path / "layout", image)
    skopeo("copy", f"oci:{tmp_path}/layout:1", f"dir:{tmp_path}/docker", "--format", "v2s2")
    skopeo("copy", f"dir:{tmp_path}/docker", f"oci:{tmp_path}/again:1")
    found = image_from_layout(tmp_path / "again", "amd64", store)
    assert [layer.diff_id for layer in found.layers] == [layer.diff_id for layer in image.layers]


def test_a_damaged_layer_is_found_when_it_is_read_and_left_there(store: Store, tmp_path: Path) -> None:
    write(tmp_path / "layout", make_image(store))
    layer = image_from_layout(tmp_path / "layout", "amd64", store).layers[1]
    path = blob_path(tmp_path / "layout", layer.digest)
    path.unlink()
    path.write_bytes(bytes(layer.size))
    with pytest.raises(LayoutInvalid, match="is damaged"), layer.open() as stream:
        stream.read()
    assert path.exists()


def test_a_layer_of_another_size_than_named_is_a_fault_of_the_layout(store: Store, tmp_path: Path) -> None:
    write(tmp_path / "layout", make_image(store))
    layer = image_from_layout(tmp_path / "layout", "amd64", store).layers[1]
    path = blob_path(tmp_path / "layout", layer.digest)
    path.chmod(0o644)
    longer = path.read_bytes() + b"!"
    path.unlink()
    path.write_bytes(longer)
    with pytest.raises(LayoutInvalid, match=f"has {layer.size + 1} bytes where {layer.size} are named"):
        layer.open()


@pytest.mark.parametrize(
    "content", [None, "", "[]", "[" * 100_000, '{"manifests": [{}]}', '{"manifests": 3}']
)
def test_what_is_no_layout_is_said(store: Store, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "index.json").write_text(content)
    with pytest.raises((LayoutInvalid, ImageNotFound)):
        image_from_layout(tmp_path, "amd64", store)


def test_the_plugin_takes_outputs_of_its_kind_alone() -> None:
    reference = Reference.parse("iris:1")
    assert destination_layout.seldon_destination(Output("docker", reference), silent) is None
    assert destination_layout.seldon_destination(Output("oci", reference, "/x"), silent)
