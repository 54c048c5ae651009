"""Poetry's own spelling, against what poetry-core makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli_w
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from poetry.core.constraints.version import parse_constraint
from poetry.core.factory import Factory
from seldon_builder.errors.projects import ProjectUnreadable
from seldon_plugins.projects.project_poetry import specifier

from .project_folders import built, lines, pyproject, read

VERSIONS = [
    f"{major}.{minor}{rest}"
    for major in (0, 1, 2, 3)
    for minor in (0, 1, 2, 3, 9, 10)
    for rest in ("", ".1", ".3")
]
CONSTRAINTS = (
    *(
        "*",
        "1.2",
        "1.2.3",
        "==1.2",
        "!=1.2",
        ">=1.2",
        "<2",
        "<=2.1",
        "^1.2",
        "^1",
        "^0.2",
        "^0.0.3",
        "^0.0",
        "^0",
    ),
    *("^1.2.3", "~1", "~1.2", "~1.2.3", "~0.2", "1.*", "1.2.*", "!=1.2.*", ">=1,<2", ">= 1 , < 2", ">=1 <2"),
    *("~=1.2", "^1.2,!=1.9", "v1.2", "== 1.2", ">1"),
)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_a_constraint_allows_the_versions_that_poetry_allows(constraint: str) -> None:
    ours, theirs = SpecifierSet(specifier(constraint)), parse_constraint(constraint)

    allowed = [version for version in VERSIONS if ours.contains(version)]
    assert allowed == [version for version in VERSIONS if theirs.allows(parse_constraint(version))]  # type: ignore[arg-type]  # a single version is one


DEPENDENCIES: dict[str, Any] = {
    "extras": {"version": "^1.2", "extras": ["x", "y"]},
    "markers": {"version": ">=1", "markers": "sys_platform == 'linux' or python_version < '3.9'"},
    "python": {"version": "*", "python": "^3.9"},
    "python patch": {"version": "*", "python": ">=3.9.1,<3.12"},
    "platform": {"version": "~2.1", "platform": "darwin"},
    "all": {"version": "1.*", "python": "<3.12", "markers": "platform_machine == 'x86_64'", "extras": ["z"]},
    "url": {"url": "https://example.com/numpy-1-py3-none-any.whl"},
}


@pytest.mark.parametrize("case", DEPENDENCIES)
def test_a_dependency_is_the_one_that_poetry_writes(tmp_path: Path, case: str) -> None:
    value = DEPENDENCIES[case]
    table = {"name": "x", "dependencies": {"numpy": value}}
    found = pyproject(tmp_path, tomli_w.dumps({"tool": {"poetry": table}}))

    (line,) = lines(found)
    ours, theirs = Requirement(line), Requirement(Factory.create_dependency("numpy", value).to_pep_508())
    assert (ours.name, ours.extras, ours.url) == (theirs.name, theirs.extras, theirs.url)
    assert all(ours.specifier.contains(v) == theirs.specifier.contains(v) for v in VERSIONS)
    for python in ("3.8", "3.9", "3.11", "3.12"):
        for platform in ("linux", "darwin"):
            here = {
                "python_version": python,
                "python_full_version": f"{python}.5",
                "sys_platform": platform,
                "platform_machine": "x86_64",
            }
            holds = [one.marker is None or one.marker.evaluate(here) for one in (ours, theirs)]
            assert holds[0] == holds[1], here


PROJECT = """[tool.poetry]
name = "churn"
package-mode = false
[tool.poetry.dependencies]
python = "^3.10"
numpy = "^1.26 "
Own = { path = "libs/own" }
two = [{ version = "1", python = "<3.12" }, { version = "2", python = ">=3.12" }]
cupy = { version = ">=13", optional = true }
[tool.poetry.extras]
gpu = ["cupy"]
[tool.poetry.group.test.dependencies]
pytest = "*"
"""


def test_a_project_of_poetry_is_read(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "pyproject.toml": PROJECT,
        "libs/own/pyproject.toml": "[project]\nname='own'\n",
    }
    found = read(tmp_path, files, SELDON_EXTRAS="gpu", SELDON_GROUPS="test")

    assert lines(found) == [
        "numpy>=1.26,<2.0",
        "two==1 ; (python_version < '3.12')",
        "two==2 ; (python_version >= '3.12')",
        "cupy>=13",
        "pytest",
    ]
    assert built(found) == ["Own @ file:libs/own"]
    assert found.requires_python == ">=3.10,<4.0"
    assert "[tool.poetry] package-mode is false" in found.reason


def test_dynamic_dependencies_may_stand_in_poetry_s_table(tmp_path: Path) -> None:
    text = '[build-system]\nbuild-backend = "poetry.core.masonry.api"\n[project]\nname = "x"\n'
    text += 'dynamic = ["dependencies"]\n[tool.poetry.dependencies]\nnumpy = "^1.26"\n'

    assert lines(pyproject(tmp_path, text)) == ["numpy>=1.26,<2.0"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('a = "^1 || ^3"', "cannot be resolved without a poetry.lock"),
        ('a = "^^1"', "'^^1' is no version constraint"),
        ('a = "one"', "'one' is no version constraint"),
        ("a = 3", "its version must be a string"),
        ('a = {version = "1", extras = 3}', "its extras must be a list"),
        ('a = {path = "../outside"}', "there is no file ../outside"),
        ('python = "three"', "[tool.poetry.dependencies.python]: 'three'"),
    ],
)
def test_what_cannot_be_converted_is_told(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(ProjectUnreadable) as caught:
        pyproject(tmp_path, f"[tool.poetry]\n[tool.poetry.dependencies]\n{line}\n")

    assert reason in str(caught.value)


def test_an_extra_of_no_dependency_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProjectUnreadable, match="'b' is none of the dependencies"):
        pyproject(tmp_path, "[tool.poetry]\n[tool.poetry.extras]\na = ['b']\n")
