"""Package URLs tell what an artifact is, and nothing that is private of where it came from."""

from __future__ import annotations

import pytest
from packageurl import PackageURL
from seldon_builder.digest import Digest
from seldon_builder.layers.package_url import package_url
from seldon_builder.lock import CONDA, PROJECT, WHEEL, Artifact


def artifact(url: str, kind: str = CONDA) -> Artifact:
    return Artifact("numpy", "1!2.0", url, Digest("ab" * 32), kind=kind)


def test_a_package_of_conda_has_its_build_channel_and_platform() -> None:
    found = package_url(artifact("https://conda.example.com/forge/linux-64/numpy-1!2.0-py312_0.conda"))

    assert found == "pkg:conda/numpy@1%212.0?build=py312_0&channel=forge&subdir=linux-64&type=conda"
    assert PackageURL.from_string(found).version == "1!2.0"


@pytest.mark.parametrize(
    "url",
    [
        "file:///home/secret/linux-64/numpy-1!2.0-py312_0.tar.bz2",
        "https://conda.example.com/t/secret/linux-64/numpy-1!2.0-py312_0.tar.bz2",
    ],
)
def test_neither_folders_nor_tokens_are_in_it(url: str) -> None:
    assert package_url(artifact(url)) == "pkg:conda/numpy@1%212.0?build=py312_0&subdir=linux-64&type=tar.bz2"


def test_a_wheel_is_known_by_its_version_alone() -> None:
    assert package_url(artifact("file:///numpy.whl", WHEEL)) == "pkg:pypi/numpy@1%212.0"


def test_a_project_is_in_no_index() -> None:
    assert package_url(artifact("file:///numpy.whl", PROJECT)) == ""
