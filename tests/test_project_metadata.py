"""Whether a project is installed: the rules of docs/projects.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.events import silent
from seldon_builder.inputs.source_reading import read_source
from seldon_plugins.projects.project_files import read_files
from seldon_plugins.projects.project_metadata import installing_of

from .project_folders import folder_of

NAMED = '[project]\nname = "Churn-Model"\n'


def backend(name: str) -> str:
    return f'[build-system]\nbuild-backend = "{name}"\n{NAMED}'


SETUP = "from setuptools import setup\n"
SETUPTOOLS = backend("setuptools.build_meta")
CASES = {
    "no backend": ({"pyproject.toml": NAMED, "Model.py": ""}, False, "has no [build-system]"),
    "no backend, src": ({"pyproject.toml": NAMED, "src/churn/__init__.py": ""}, True, "src/ holds a package"),
    "no backend, named": (
        {"pyproject.toml": NAMED + "[tool.setuptools]\npackages = ['churn']\n"},
        True,
        "[tool.setuptools] names",
    ),
    "uv says no": (
        {"pyproject.toml": backend("hatchling.build") + "[tool.uv]\npackage = false\n", "churn_model.py": ""},
        False,
        "[tool.uv] package is false",
    ),
    "uv says yes": ({"pyproject.toml": NAMED + "[tool.uv]\npackage = true\n"}, True, "package is true"),
    "poetry says no": (
        {"pyproject.toml": "[tool.poetry]\npackage-mode = false\n"},
        False,
        "[tool.poetry] package-mode is false",
    ),
    "pdm says no": ({"pyproject.toml": NAMED + "[tool.pdm]\ndistribution = false\n"}, False, "distribution"),
    "poetry without a backend": (
        {"pyproject.toml": "[tool.poetry]\nname = 'x'\n"},
        False,
        "no [build-system]",
    ),
    "setup.py, one module": (
        {"setup.py": SETUP + "setup(name='x')\n", "Model.py": ""},
        False,
        "it names no modules",
    ),
    "setup.py, folders": (
        {"setup.py": SETUP + "setup(name='x')\n", "data/a.csv": "", "model/b": ""},
        False,
        "there are several folders: data, model",
    ),
    "setup.py, one folder of data": (
        {"setup.py": SETUP + "setup(name='x')\n", "model/b": ""},
        False,
        "model/ is no package",
    ),
    "setup.py, one package": (
        {"setup.py": SETUP + "setup(name='x')\n", "churn/a.py": "", "tests/b.py": ""},
        True,
        "churn/ is its one package",
    ),
    "setup.py, packages": ({"setup.py": SETUP + "setup(packages=['churn'])\n"}, True, "setup.py names"),
    "setup.py, no packages": (
        {"setup.py": SETUP + "setup(packages=[])\n", "churn/a.py": "", "more/a.py": ""},
        False,
        "several folders: churn, more",
    ),
    "setup.py, to be run": ({"setup.py": "import x\nfrom y import setup\nsetup()\n"}, True, "has to be run"),
    "setup.cfg": ({"setup.cfg": "[options]\npackages = find:\n"}, True, "setup.cfg names"),
    "setuptools, src": ({"pyproject.toml": SETUPTOOLS, "src/churn/a.py": ""}, True, "src/ holds a package"),
    "setuptools, empty src": ({"pyproject.toml": SETUPTOOLS, "src/a.txt": ""}, False, "no package"),
    "setuptools, nothing named": (
        {"pyproject.toml": SETUPTOOLS + "[tool.setuptools]\npy-modules = []\n", "churn/a.py": ""},
        False,
        "names nothing",
    ),
    "setuptools, module named": (
        {"pyproject.toml": SETUPTOOLS + "[tool.setuptools]\npy-modules = ['a']\n"},
        True,
        "names what it holds",
    ),
    "no backend named": (
        {"pyproject.toml": f"[build-system]\n{NAMED}", "churn/a.py": ""},
        True,
        "one package",
    ),
    "hatchling, by name": (
        {"pyproject.toml": backend("hatchling.build"), "churn_model/__init__.py": ""},
        True,
        "churn_model is its package",
    ),
    "hatchling, no such name": (
        {"pyproject.toml": backend("hatchling.build"), "Model.py": ""},
        False,
        "nothing here is called churn_model, as hatchling would have it",
    ),
    "hatchling, explicit": (
        {"pyproject.toml": backend("hatchling.build") + "[tool.hatch.build.targets.wheel]\npackages=['a']\n"},
        True,
        "[tool.hatch] names",
    ),
    "flit": ({"pyproject.toml": backend("flit_core.buildapi"), "churn_model.py": ""}, True, "its module"),
    "poetry": (
        {"pyproject.toml": backend("poetry.core.masonry.api"), "src/churn_model/a.py": ""},
        True,
        "src/churn_model is its package",
    ),
    "pdm": ({"pyproject.toml": backend("pdm.backend"), "other/a.py": ""}, True, "it holds a package"),
    "uv_build": ({"pyproject.toml": backend("uv_build"), "Model.py": ""}, False, "nothing here is called"),
    "another backend": ({"pyproject.toml": backend("maturin")}, True, "maturin builds it"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_rule_says_whether_a_project_is_installed(tmp_path: Path, case: str) -> None:
    files, wanted, reason = CASES[case]
    found = installing_of(read_files(read_source(folder_of(tmp_path, dict(files)), silent)))

    assert found.wanted == wanted
    assert reason in found.reason


def test_a_project_in_a_folder_of_the_source_is_looked_at_there(tmp_path: Path) -> None:
    files = {"a/b/pyproject.toml": backend("hatchling.build"), "a/b/churn_model/x.py": ""}
    source = read_source(folder_of(tmp_path, dict(files)), silent)

    assert installing_of(read_files(source, "a/b")).wanted
