"""setup.py, setup.cfg and pyproject.toml: what they ask for, without anything of them being run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from seldon_builder.errors.projects import ProjectUnreadable
from seldon_builder.errors.resolution import PackageWithoutWheel

from .project_folders import built, detect, lines, pyproject, read

SETUP = "from setuptools import setup\n"
BACKEND = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
NAMED = '[project]\nname = "Churn.Model"\nversion = "1"\n'


@pytest.mark.parametrize(
    ("name", "text", "claimed"),
    [
        ("setup.py", "anything", True),
        ("setup.cfg", "[metadata]\nname = x\n", True),
        ("setup.cfg", "[options]\n", True),
        ("setup.cfg", "[options.extras_require]\n", True),
        ("setup.cfg", "[flake8]\nmax-line-length = 100\n", False),
        ("pyproject.toml", "[project]\n", True),
        ("pyproject.toml", "[tool.poetry]\n", True),
        ("pyproject.toml", "  [ tool . poetry.dependencies ]\n", True),
        ("pyproject.toml", "[build-system]\n", True),
        ("pyproject.toml", "[dependency-groups]\n", True),
        ("pyproject.toml", "[tool.ruff]\n[tool.black]\n[tool.projector]\n", False),
        ("pyproject.toml", "", False),
        ("pyproject.toml", "this is no TOML", True),
        ("pyproject.toml", b"\xff\xfe", True),
    ],
)
def test_a_file_of_mere_tool_settings_claims_nothing(
    tmp_path: Path, name: str, text: str, claimed: bool
) -> None:
    assert (detect(tmp_path, {name: text}) is not None) == claimed


def test_all_files_of_a_project_are_claimed_together(tmp_path: Path) -> None:
    claim = detect(tmp_path, {"setup.py": SETUP, "setup.cfg": "[options]\n", "pyproject.toml": NAMED})

    assert claim is not None
    assert claim.files == ("setup.py", "setup.cfg", "pyproject.toml")


def test_a_project_without_a_backend_only_lists_dependencies(tmp_path: Path) -> None:
    found = pyproject(
        tmp_path, NAMED + 'requires-python = ">=3.10"\ndependencies = [\n  "numpy>=1.26",\n  "toolz"\n]\n'
    )

    assert lines(found) == ["numpy>=1.26", "toolz"]
    assert built(found) == []
    assert found.requires_python == ">=3.10"
    assert found.requirements[1].origin == "pyproject.toml:7"
    assert "only its dependencies are taken: pyproject.toml has no [build-system]" in found.reason


def test_a_project_with_a_package_is_installed(tmp_path: Path) -> None:
    text = BACKEND + NAMED + 'dependencies = ["toolz"]\n'
    found = read(tmp_path, {"pyproject.toml": text, "src/churn_model/__init__.py": ""})

    (project,) = [item for item in found.requirements if item.build]
    assert (project.line, project.build) == ("churn-model", str(tmp_path))
    assert lines(found) == ["toolz"]
    assert "it is installed: src/churn_model is its package" in found.reason


def test_extras_are_asked_of_the_project_that_is_installed(tmp_path: Path) -> None:
    text = BACKEND + NAMED + '[project.optional-dependencies]\nFast_er = ["numba"]\n'
    found = read(
        tmp_path, {"pyproject.toml": text, "src/churn_model/__init__.py": ""}, SELDON_EXTRAS="fast.er"
    )

    assert [item.extras for item in found.requirements if item.build] == [("fast-er",)]
    assert lines(found) == ["numba"]


def test_an_extra_may_name_others_of_its_project(tmp_path: Path) -> None:
    extras = (
        '[project.optional-dependencies]\na = ["alpha"]\nb = ["beta ; python_version > \'3\'"]\n'
        'all = ["churn-model[a,b] ; sys_platform == \'linux\'", "churn_model[all]"]\n'
    )
    found = pyproject(tmp_path, NAMED + extras, SELDON_EXTRAS="all")

    assert lines(found) == [
        'alpha ; sys_platform == "linux"',
        'beta ; (python_version > "3") and (sys_platform == "linux")',
    ]


def test_dynamic_dependencies_are_built_to_be_learnt(tmp_path: Path) -> None:
    text = BACKEND + NAMED + 'dynamic = ["dependencies"]\n'
    found = read(tmp_path, {"pyproject.toml": text}, SELDON_EXTRAS="any")

    assert built(found) == ["churn-model"]
    assert "it is built to learn what it needs: [project] has dynamic dependencies" in found.reason


def test_a_dynamic_version_is_no_reason_to_build(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\ndynamic = ["version"]\ndependencies = ["toolz"]\n'

    assert built(pyproject(tmp_path, text)) == []


def test_a_declarative_setup_cfg_is_read(tmp_path: Path) -> None:
    text = """[metadata]
name = churn
[options]
python_requires = >=3.9
install_requires =
    # why
    numpy>=1.26
    toolz; python_version > "3"
[options.extras_require]
more = alpha; beta
"""
    found = read(tmp_path, {"setup.cfg": text, "setup.py": SETUP + "setup()\n"}, SELDON_EXTRAS="more")

    assert lines(found) == [
        "numpy>=1.26",
        'toolz; python_version > "3"',
        "alpha",
        "beta",
    ]
    assert found.requires_python == ">=3.9"
    assert found.requirements[0].origin == "setup.cfg:7"
    assert built(found) == []


def test_a_setup_py_of_literals_is_read(tmp_path: Path) -> None:
    text = """'''Why.'''
import os, sys
from setuptools import setup
REQUIRES = ["numpy>=1.26", "toolz"]
if __name__ == "__main__":
    setup(
        name="churn",
        install_requires=REQUIRES,
        python_requires=">=3.9",
        extras_require={"more": "alpha\\nbeta", ":sys_platform == 'linux'": ["gamma"]},
        long_description=open("README.md").read(),
    )
"""
    found = read(tmp_path, {"setup.py": text, "data/x.csv": "", "model/y": ""}, SELDON_EXTRAS="more")

    assert lines(found) == ["numpy>=1.26", "toolz", "gamma ; sys_platform == 'linux'", "alpha", "beta"]
    assert built(found) == []
    assert found.requires_python == ">=3.9"
    assert found.requirements[0].origin == "setup.py:4"
    assert "there are several folders: data, model" in found.reason


@pytest.mark.parametrize(
    "text",
    [
        SETUP + "R = open('r.txt').read().split()\nsetup(name='x', install_requires=R)\n",
        SETUP + "R = ['a']\nR.append('b')\nsetup(name='x', install_requires=R)\n",
        SETUP + "R = ['a']\nR += ['b']\nsetup(name='x', install_requires=R)\n",
        SETUP + "R = ['a']\nR = ['b']\nsetup(name='x', install_requires=R)\n",
        SETUP + "setup(name='x', **{'install_requires': ['a']})\n",
        SETUP + "import subprocess\nsetup(name='x', install_requires=['a'])\n",
        SETUP + "print('hello')\nsetup(name='x', install_requires=['a'])\n",
        SETUP + "if True:\n    setup(name='x', install_requires=['a'])\n",
        SETUP + "R = [f'a{1}']\nsetup(name='x', install_requires=R)\n",
        "from skbuild import setup\nsetup(name='x', install_requires=['a'])\n",
    ],
)
def test_a_setup_py_that_does_more_is_built(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, {"setup.py": text, "Model.py": ""})

    assert len(built(found)) == 1
    assert "it is built to learn what it needs: setup.py has to be run" in found.reason
    assert lines(found) == []


def test_a_setup_py_that_names_packages_is_installed(tmp_path: Path) -> None:
    text = SETUP.replace("setup\n", "setup, find_packages\n")
    text += "setup(name='churn', install_requires=['toolz'], packages=find_packages())\n"
    found = read(tmp_path, {"setup.py": text, "churn/__init__.py": ""})

    assert (built(found), lines(found)) == (["churn"], ["toolz"])


def test_setup_py_and_setup_cfg_that_both_ask_are_built(tmp_path: Path) -> None:
    text = SETUP + "setup(name='churn', install_requires=['toolz'])\n"
    found = read(tmp_path, {"setup.py": text, "setup.cfg": "[options]\ninstall_requires = alpha\n"})

    assert built(found) == ["churn"]


def test_dependencies_of_the_folder_are_built_too(tmp_path: Path) -> None:
    text = (
        NAMED
        + 'dependencies = ["own @ file:./libs/own", "far @ https://u:s3cret@example.com/far-1-py3-none-any.whl"]\n'
    )
    found = read(tmp_path, {"pyproject.toml": text, "libs/own/pyproject.toml": '[project]\nname="own"\n'})

    assert [item.build for item in found.requirements] == [str(tmp_path / "libs" / "own"), ""]
    assert "s3cret" not in repr(found)
    assert found.index.credentials[0].password.reveal() == "s3cret"


BAD = {
    "not TOML": (b"[project\n", r"pyproject\.toml: it is not TOML: .*line 1"),
    "not UTF-8": (b"[project]\nname = '\xff'\n", "not UTF-8 text"),
    "nested": (b"[project]\nx = " + b"[" * 20000, "nested too deep"),
    "a table that is none": (b"project = 3\n[build-system]\n", r"\[project\]: it must be a table"),
    "no name": (b"[project]\nversion = '1'\n", "it has no name"),
    "an empty name": (b"[project]\nname = ' '\n", "it has no name"),
    "a name that is none": (b"[project]\nname = 'a b'\n", "'a b' is no name"),
    "a name of another type": (b"[project]\nname = 3\n", "must be a string"),
    "no list": (b"[project]\nname = 'x'\ndependencies = 'numpy'\n", "must be a list"),
    "no string": (b"[project]\nname = 'x'\ndependencies = [3]\n", "3 is no requirement"),
    "no requirement": (
        b"[project]\nname = 'x'\ndependencies = [\n  'numpy>=1',\n  'pandas=>2',\n]\n",
        r"pyproject\.toml:5: 'pandas=>2'",
    ),
    "no folder": (
        b"[project]\nname = 'x'\ndependencies = ['a @ file:./absent']\n",
        "there is no file absent",
    ),
    "no Python": (b"[project]\nname = 'x'\nrequires-python = 'three'\n", r"pyproject\.toml:3: 'three'"),
    "Python of another type": (b"[project]\nname = 'x'\nrequires-python = 3.10\n", "must be a string"),
    "dynamic without backend": (
        b"[project]\nname = 'x'\ndynamic = ['dependencies']\n",
        r"no \[build-system\] tells them",
    ),
    "dynamic and there": (
        b"[build-system]\n[project]\nname = 'x'\ndynamic = ['dependencies']\ndependencies = []\n",
        "which is there as well",
    ),
    "extras of another type": (b"[project]\nname = 'x'\noptional-dependencies = []\n", "must be a table"),
    "an extra of another type": (
        b"[project]\nname = 'x'\n[project.optional-dependencies]\na = 'b'\n",
        "must be a list",
    ),
    "a long value": (
        b"[project]\nname = 'x'\ndependencies = ['" + b"a" * (1 << 20) + b" b']\n",
        "at most 8192",
    ),
    "a long Python": (
        b"[project]\nname = 'x'\nrequires-python = '" + b">" * (1 << 20) + b"'\n",
        "more than 8192",
    ),
    "a long name": (b"[project]\nname = '" + b"a-" * (1 << 19) + b"'\n", "is no name"),
    "brackets": (
        b"[project]\nname = 'x'\ndependencies = ['x ; " + b"(" * 3000 + b"']\n",
        "nested too deep|Expected|expected",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_pyproject_is_told_with_its_place(tmp_path: Path, case: str) -> None:
    content, reason = BAD[case]
    began = time.monotonic()
    with pytest.raises(ProjectUnreadable, match=reason) as caught:
        read(tmp_path, {"pyproject.toml": content})

    assert time.monotonic() - began < 3
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("setup.py", b"print('hello')\n", "it calls no setup"),
        ("setup.py", b"setup(\n", r"setup\.py:1: it is not Python"),
        ("setup.py", b"print 'old'\nsetup()\n", r"setup\.py:1: it is not Python"),
        ("setup.py", b"x = '\xff'\nsetup()\n", "not UTF-8 text"),
        ("setup.py", b"setup()\0", "null bytes"),
        ("setup.py", b"setup(" + b"(" * 5000 + b")" * 5000 + b")", "too many nested|nested too deep"),
        ("setup.py", b"setup(install_requires=3)", "must be a list"),
        ("setup.py", b"setup(install_requires=['a b'])", r"setup\.py:1: 'a b'"),
        ("setup.py", b"setup(extras_require=['a'])", "must be a dict"),
        ("setup.py", b"setup(python_requires=3)", "must be a string"),
        ("setup.cfg", b"[options]\ninstall_requires =\n  a b\n", r"setup\.cfg:3: 'a b'"),
        ("setup.cfg", b"[options]\nnonsense\n", "contains parsing errors|parsing"),
        ("setup.cfg", b"[options]\npython_requires = three\n", r"setup\.cfg:2: 'three'"),
    ],
)
def test_a_bad_setup_is_told_with_its_place(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    with pytest.raises(ProjectUnreadable, match=reason):
        read(tmp_path, {name: content})


def test_all_bad_lines_are_told_at_once(tmp_path: Path) -> None:
    text = NAMED + 'requires-python = "x"\ndependencies = ["a b", "c d"]\n'
    with pytest.raises(ProjectUnreadable) as caught:
        pyproject(tmp_path, text)

    assert [line.line for line in caught.value.lines] == ["x", "a b", "c d"]


def test_repositories_are_told_with_the_ways_out(tmp_path: Path) -> None:
    text = NAMED + 'dependencies = ["a @ git+https://me:s3cret@example.com/a.git"]\n'
    with pytest.raises(PackageWithoutWheel, match="a repository must be built first") as caught:
        pyproject(tmp_path, text)

    assert "s3cret" not in str(caught.value)


def test_a_file_of_100_mb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_bytes(b"")
    with (tmp_path / "setup.py").open("r+b") as file:
        file.truncate(100 << 20)

    with pytest.raises(ProjectUnreadable, match="larger than 16 MiB"):
        read(tmp_path, {})
