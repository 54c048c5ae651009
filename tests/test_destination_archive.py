from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from seldon_builder.destination import Output
from seldon_builder.errors.destination import OutputUnwritable
from seldon_builder.errors.store import BlobCorrupt
from seldon_builder.events import silent
from seldon_builder.image import Image
from seldon_builder.media.archive import ArchiveDestination
from seldon_builder.reference import Reference
from seldon_builder.store import Store
from seldon_plugins.destinations import archive as destination_archive

from .sample_images import docker, inspect, make_image


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def write(path: Path, image: Image, name: str = "seldon-test/archive:1") -> None:
    ArchiveDestination(path, Reference.parse(name), silent).write(image)


@pytest.mark.docker
def test_docker_loads_and_runs_it(docker_host: str, store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    write(tmp_path / "image.tar", image)
    try:
        docker(docker_host, "load", "-i", tmp_path / "image.tar")
        found = docker(docker_host, "inspect", "-f", "{{.Id}}", "seldon-test/archive:1")
        assert found == str(image.config_digest)
        assert docker(docker_host, "run", "--rm", "seldon-test/archive:1") == "hello"
    finally:
        docker(docker_host, "rmi", "-f", "seldon-test/archive:1")


def test_skopeo_reads_it_as_a_docker_archive(store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    write(tmp_path / "image.tar", image)
    found = inspect(f"docker-archive:{tmp_path}/image.tar:seldon-test/archive:1")
    assert found["Labels"] == {"purpose": "test"}
    assert len(found["Layers"]) == len(image.layers)


def test_skopeo_reads_it_as_an_oci_archive(store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    write(tmp_path / "image.tar", image)
    assert inspect(f"oci-archive:{tmp_path}/image.tar:1")["Digest"] == str(image.digest)


def test_equal_images_give_equal_files(tmp_path: Path) -> None:
    for place in ("a", "b"):
        write(tmp_path / place / "image.tar", make_image(Store(tmp_path / place / "store")))
    assert (tmp_path / "a" / "image.tar").read_bytes() == (tmp_path / "b" / "image.tar").read_bytes()


def test_its_files_belong_to_nobody_s_clock_or_user(store: Store, tmp_path: Path) -> None:
    write(tmp_path / "image.tar", make_image(store))
    with tarfile.open(tmp_path / "image.tar") as tar:
        facts = {(member.mtime, member.uid, member.gid, member.mode) for member in tar}
    assert facts == {(315532801, 0, 0, 0o644)}


def test_a_failed_write_keeps_the_older_file(store: Store, tmp_path: Path) -> None:
    write(tmp_path / "image.tar", make_image(store))
    before = (tmp_path / "image.tar").read_bytes()
    image = make_image(store, b"newer")
    blob = store.root / "blobs" / image.layers[1].digest.hex
    blob.write_bytes(bytes(blob.stat().st_size))
    with pytest.raises(BlobCorrupt):
        write(tmp_path / "image.tar", image)
    assert (tmp_path / "image.tar").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.tar", "store"]


def test_a_place_that_cannot_be_written_is_an_error(store: Store, tmp_path: Path) -> None:
    (tmp_path / "folder.tar").mkdir()
    with pytest.raises(OutputUnwritable, match="is a directory"):
        write(tmp_path / "folder.tar", make_image(store))


def test_the_plugin_takes_outputs_of_its_kind_alone() -> None:
    reference = Reference.parse("iris:1")
    assert destination_archive.seldon_destination(Output("oci", reference, "/x"), silent) is None
    assert destination_archive.seldon_destination(Output("archive", reference, "/x"), silent)
