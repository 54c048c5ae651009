"""Which image wheels are built in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.base import Base, base_for, default_base, rootfs
from seldon_builder.base.debian import host_architecture
from seldon_builder.building.images import BuildImages
from seldon_builder.errors.building import BuildImpossible, BuildPythonDiffers
from seldon_builder.events import silent
from seldon_builder.store import Store

from .bases import FOREIGN

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def store(repository: Path) -> Store:
    return Store(repository / ".venv" / "test-store")


@pytest.fixture(scope="module")
def run(store: Store) -> Base:
    return default_base("trixie", host_architecture(), store, silent)


def images(run: Base, store: Store) -> BuildImages:
    return BuildImages(run.target, run, store, silent)


def test_the_build_image_is_the_run_image_with_a_compiler(run: Base, store: Store) -> None:
    build = images(run, store).chosen("x")

    for program in ("gcc", "g++", "make", "pkg-config", "pip"):
        assert rootfs.resolve(build.rootfs(), f"/usr/bin/{program}"), program
    assert (build.rootfs() / "usr/include/python3.13/Python.h").is_file()
    assert build.image.labels["io.seldon.python.version"] == run.image.labels["io.seldon.python.version"]
    assert build.name == "seldon-python-build:trixie"


def test_the_target_that_is_built_for_is_known_without_the_image(run: Base, store: Store) -> None:
    known = images(run, store)
    made = known.chosen("x").target

    assert replace(known.build_target, python_path=made.python_path) == made


def test_a_foreign_image_is_built_for_by_its_twin(run: Base, store: Store) -> None:
    foreign = replace(run, target=replace(run.target, architecture=FOREIGN))

    found = images(foreign, store)

    assert found.chosen("x").target.architecture == host_architecture()
    assert found.identity == images(run, store).identity


def test_a_python_of_no_suite_is_built_for_by_its_own_image(run: Base, store: Store) -> None:
    other = replace(run, target=replace(run.target, python_version="3.12.4"), name="mine", is_ours=False)
    foreign = replace(other, target=replace(other.target, architecture=FOREIGN))

    assert images(other, store).chosen("x").name == "mine"
    with pytest.raises(BuildImpossible, match=rf"no build image with Python 3\.12 on linux/{FOREIGN}"):
        images(foreign, store).chosen("x")
    with pytest.raises(BuildImpossible, match="take one of Python"):
        BuildImages(other.target, None, store, silent).chosen("x")


def test_build_and_run_images_of_different_pythons_are_told(
    run: Base, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(run, target=replace(run.target, python_version="3.12.4"), name="build")
    monkeypatch.setattr("seldon_builder.base.default_base", lambda *_, **__: other)

    with pytest.raises(BuildPythonDiffers, match=r"build has Python 3\.12\.4, but seldon-python-run:trixie"):
        images(run, store).chosen("x")


def test_a_base_is_of_the_run_kind_unless_told(store: Store) -> None:
    from seldon_builder.connections import Connections
    from seldon_builder.inputs.python_version import Wanted

    found = base_for("", Wanted(), host_architecture(), store, silent, connections=Connections())

    assert found.name == "seldon-python-run:trixie"
