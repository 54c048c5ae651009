"""project.toml, in the schemas that exist."""

from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.errors.source import ProjectInvalid
from seldon_builder.inputs.project_toml import Project, read_project


def project(folder: Path, text: str) -> Project:
    (folder / "project.toml").write_text(text)
    return read_project(folder)


def test_a_folder_without_the_file_says_nothing(tmp_path: Path) -> None:
    assert read_project(tmp_path) == Project()


@pytest.mark.parametrize("version", ["0.2", "0.3"])
def test_newer_schemas_keep_all_below_io_buildpacks(tmp_path: Path, version: str) -> None:
    text = f"""
[_]
schema-version = "{version}"
[io.buildpacks]
exclude = ["*.ipynb"]
[[io.buildpacks.build.env]]
name = "MODEL_NAME"
value = "Iris"
[[io.buildpacks.build.env]]
name = "A"
value = "b = c"
[io.seldon]
weights = ["*.dat"]
runtimes = ["rest", "grpc"]
groups = ["serve"]
extras = ["fast", "gpu"]
resolver = "project"
"""

    assert project(tmp_path, text) == Project(
        exclude=("*.ipynb",),
        variables=(("MODEL_NAME", "Iris"), ("A", "b = c")),
        weights=("*.dat",),
        runtimes=("rest", "grpc"),
        groups=("serve",),
        extras=("fast", "gpu"),
        resolver="project",
    )


@pytest.mark.parametrize("head", ["", '[_]\nschema-version = "0.1"\n'])
def test_the_oldest_schema_has_build_at_the_top(tmp_path: Path, head: str) -> None:
    text = f'{head}[build]\ninclude = ["*.py"]\n[[build.env]]\nname = "A"\nvalue = "b"\n'

    assert project(tmp_path, text) == Project(include=("*.py",), variables=(("A", "b"),))


WRONG = [
    ("[io.seldon]\nresolver = 3\n", "resolver of .io.seldon. must be a string"),
    ("[io.seldon]\ngroups = 'serve'\n", "groups of .io.seldon. must be a list"),
    ("a = 1\nb = \n", "line 2"),
    ("a = " + "[" * 20000, "nested too deep"),
    ('[_]\nschema-version = "9"\n', "schema-version '9'"),
    ("io = 3\n", "io must be a table"),
    ('[io.buildpacks]\nexclude = "x"\n', "exclude of .io.buildpacks. must be a list"),
    ("[[io.buildpacks.build.env]]\nname = 'A'\n", "needs name and value"),
    ("[io.buildpacks.build.env]\nA = 'b'\n", r"\[\[io.buildpacks.build.env\]\]"),
    ("[io.seldon]\nweights = [1]\n", "weights of .io.seldon."),
    ("[io.seldon]\nruntimes = 'rest'\n", "runtimes of .io.seldon."),
]


@pytest.mark.parametrize(("text", "reason"), WRONG)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ProjectInvalid, match=reason):
        project(tmp_path, text)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "project.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(ProjectInvalid, match="utf-8"):
        read_project(tmp_path)
