"""What [tool.uv] says of a project that no lock says for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.errors.projects import ProjectUnreadable
from seldon_builder.errors.resolution import PackageWithoutWheel
from seldon_builder.package_index import IndexPin

from .project_folders import lines, read

HEAD = '[project]\nname = "x"\ndependencies = ["own>=1 ; python_version > \'3\'", "numpy"]\n'
OWN = '[project]\nname = "own"\n'


def test_constraints_are_taken(tmp_path: Path) -> None:
    text = HEAD + '[tool.uv]\nconstraint-dependencies = ["numpy<3"]\n'

    found = read(tmp_path, {"pyproject.toml": text})

    assert [item.line for item in found.constraints] == ["numpy<3"]


def test_overrides_need_a_lock_of_uv(tmp_path: Path) -> None:
    text = HEAD + '[tool.uv]\noverride-dependencies = ["numpy<3"]\n'
    with pytest.raises(ProjectUnreadable, match=r"only in a uv\.lock: run `uv lock`"):
        read(tmp_path, {"pyproject.toml": text})


@pytest.mark.parametrize(
    "source",
    [
        'own = { path = "libs/own", editable = true }',
        'own = { workspace = true }\n[tool.uv.workspace]\nmembers = ["libs/*"]',
    ],
)
def test_a_package_of_the_folder_is_built(tmp_path: Path, source: str) -> None:
    text = f"{HEAD}[tool.uv.sources]\n{source}\n"
    found = read(tmp_path, {"pyproject.toml": text, "libs/own/pyproject.toml": OWN})

    item = found.requirements[0]
    assert item.build == str(tmp_path / "libs" / "own")
    assert item.line == 'own @ file:libs/own ; python_version > "3"'
    assert item.origin == "pyproject.toml:3"
    assert lines(found) == ["numpy"]


def test_a_package_may_have_a_source_for_each_platform(tmp_path: Path) -> None:
    text = HEAD + "[tool.uv.sources]\nown = [\n"
    text += (
        """{ url = "https://example.com/own-1-py3-none-any.whl", marker = "sys_platform == 'linux'" },\n"""
    )
    text += """{ path = "libs/own", marker = "sys_platform != 'linux'" },\n]\n"""
    found = read(tmp_path, {"pyproject.toml": text, "libs/own/pyproject.toml": OWN})

    assert [item.line for item in found.requirements] == [
        'own @ https://example.com/own-1-py3-none-any.whl ; python_version > "3" and sys_platform == "linux"',
        'own @ file:libs/own ; python_version > "3" and sys_platform != "linux"',
        "numpy",
    ]


def test_a_package_of_an_index_is_pinned_to_it(tmp_path: Path) -> None:
    text = HEAD + '[tool.uv.sources]\nnumpy = { index = "ours" }\n'
    text += (
        '[[tool.uv.index]]\nname = "ours"\nurl = "https://me:s3cret@example.com/simple"\nexplicit = true\n'
    )
    found = read(tmp_path, {"pyproject.toml": text})

    assert found.index.pins == (IndexPin("numpy", "https://example.com/simple"),)
    assert lines(found)[1] == "numpy"
    assert "s3cret" not in repr(found)


def test_a_repository_is_told_with_the_ways_out(tmp_path: Path) -> None:
    text = HEAD + '[tool.uv.sources]\nown = { git = "https://example.com/own", tag = "v1" }\n'
    with pytest.raises(PackageWithoutWheel, match="a repository must be built first"):
        read(tmp_path, {"pyproject.toml": text})


def test_sources_of_what_is_not_asked_for_do_not_matter(tmp_path: Path) -> None:
    text = HEAD + '[tool.uv.sources]\ndev-tool = { git = "https://example.com/own" }\n'

    assert len(read(tmp_path, {"pyproject.toml": text}).requirements) == 2


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('own = "libs/own"', "it must be a table"),
        ("own = { marker = 'x' }", "names no path, url, git"),
        ("own = { workspace = true }", "names no path, url, git"),
        ('own = { index = "absent" }', "no [[tool.uv.index]] named 'absent'"),
        ('own = { path = "../outside" }', "there is no file ../outside"),
    ],
)
def test_a_source_that_means_nothing_is_told(tmp_path: Path, source: str, reason: str) -> None:
    with pytest.raises(ProjectUnreadable) as caught:
        read(tmp_path, {"pyproject.toml": f"{HEAD}[tool.uv.sources]\n{source}\n"})

    assert reason in str(caught.value)
