"""One project in the words of each tool that locks, and the index that it is locked from."""

from __future__ import annotations

import json
from pathlib import Path

from tests.lockers import Locker
from tests.wheelhouse import make_wheel

LOCKS = {
    "uv": "uv.lock",
    "poetry": "poetry.lock",
    "poetry1": "poetry.lock",
    "pdm": "pdm.lock",
    "pipenv": "Pipfile.lock",
}
COMMANDS = {
    "uv": "uv lock",
    "poetry": "poetry lock",
    "poetry1": "poetry lock",
    "pdm": "pdm lock",
    "pipenv": "pipenv lock",
}
RESOLVERS = {
    "uv": "uv_lock",
    "poetry": "poetry_lock",
    "poetry1": "poetry_lock",
    "pdm": "pdm_lock",
    "pipenv": "pipfile_lock",
}


def fill(folder: Path) -> None:
    """Make wheels with all that makes a graph: markers, extras, versions by Python, a diamond, a cycle."""
    fast = ("beta>=1", 'gamma ; extra == "fast"')
    make_wheel(folder, "alpha", "1.0", requires=fast, headers=("Provides-Extra: fast",))
    make_wheel(folder, "beta", "1.0", requires=("delta", 'winonly ; sys_platform == "win32"'))
    make_wheel(folder, "beta", "2.0", requires=("delta", 'winonly ; sys_platform == "win32"'))
    make_wheel(folder, "gamma", "1.5", requires=("beta", 'armed ; platform_machine == "aarch64"'))
    make_wheel(folder, "delta", "1.0", requires=("epsilon",))
    make_wheel(folder, "epsilon", "1.0", requires=("delta",))
    make_wheel(folder, "older", "1.0", requires_python="<3.12")
    make_wheel(folder, "older", "2.0", requires_python=">=3.12")
    make_wheel(folder, "winonly", "1.0")
    make_wheel(folder, "armed", "1.0")
    make_wheel(folder, "tester", "1.0", requires=("beta", "reporter"))
    make_wheel(folder, "reporter", "1.0")
    make_wheel(folder, "web", "1.0", requires=("beta>=2",))
    make_wheel(folder, "numpy", "2.1.0")
    make_wheel(folder, "numpy", "2.2.0")
    for tag in ("cp313-cp313-manylinux_2_17_x86_64", "cp313-cp313-manylinux_2_17_aarch64"):
        make_wheel(folder, "native", "1.0", tag=tag)


_ASKED = ("alpha[fast]>=1", 'older<2 ; python_version < "3.12"', 'older>=2 ; python_version >= "3.12"')
# pdm locks one version for all Pythons.
_FORK = json.dumps(_ASKED[1:])[1:-1]
_PROJECT = f"""
[project]
name = "demo"
version = "0.1"
requires-python = ">=3.11,<4"
dependencies = {json.dumps(_ASKED)}
[project.optional-dependencies]
web = ["web"]
[dependency-groups]
dev = ["tester>=1"]
"""
_POETRY1 = """
[tool.poetry]
name = "demo"
version = "0.1"
description = ""
authors = []
[tool.poetry.dependencies]
python = ">=3.11,<4"
alpha = {version = "^1.0", extras = ["fast"]}
older = [
  {version = "<2", python = "<3.12"},
  {version = "^2", python = ">=3.12"},
]
web = {version = "*", optional = true}
[tool.poetry.extras]
web = ["web"]
[tool.poetry.group.dev.dependencies]
tester = "~1"
"""
_PIPFILE = """
[packages]
alpha = {version = ">=1", extras = ["fast"]}
older = "<2"
[dev-packages]
tester = "*"
[requires]
python_version = "3.11"
"""


def write(tool: str, folder: Path, index: str) -> None:
    """Write the project for ``tool``; its packages come from ``index``."""
    folder.mkdir(parents=True)
    if tool == "uv":
        own = f'[[tool.uv.index]]\nurl = "{index}"\ndefault = true\n'
        text = _PROJECT
    elif tool == "pdm":
        own = f'[tool.pdm]\ndistribution = false\n[[tool.pdm.source]]\nname = "pypi"\nurl = "{index}"\n'
        text = _PROJECT.replace(_FORK, json.dumps(_ASKED[1]))
    elif tool == "pipenv":
        own = f'[[source]]\nname = "main"\nurl = "{index}"\nverify_ssl = true\n'
        text = _PIPFILE
    else:
        own = f'[[tool.poetry.source]]\nname = "main"\nurl = "{index}"\npriority = "primary"\n'
        text = _POETRY1 if tool == "poetry1" else f"{_PROJECT}[tool.poetry]\npackage-mode = false\n"
    (folder / ("Pipfile" if tool == "pipenv" else "pyproject.toml")).write_text(f"{text}{own}")


def lock(tool: str, locker: Locker, folder: Path, *options: str) -> None:
    """Let ``tool`` lock the project, with its extras where it has them."""
    whole = {"uv": ("--no-cache",), "pdm": ("-q", "-p", ".", "-G", ":all"), "pipenv": ()}
    locker(folder, "lock", *whole.get(tool, ("-n",)), *options)


def exported(
    tool: str, locker: Locker, folder: Path, groups: tuple[str, ...], extras: tuple[str, ...]
) -> str:
    """Let ``tool`` say in lines of requirements what it would install."""
    chosen = {
        "uv": [*_each("--group", groups), *_each("--extra", extras)],
        "pdm": [*([] if groups else ["--prod"]), *_each("-G", (*groups, *extras))],
        "pipenv": ["--dev"] if groups else [],
    }.get(tool, [*_each("--with", groups), *_each("-E", extras)])
    how = {
        "uv": "export --frozen --no-hashes --no-emit-project --no-default-groups --quiet --no-header",
        "pdm": "export -p . -f requirements --without-hashes",
        "pipenv": "requirements",
    }.get(tool, "export -f requirements.txt --without-hashes --without-urls")
    return locker(folder, *how.split(), *chosen)


def _each(flag: str, values: tuple[str, ...]) -> list[str]:
    return [word for value in values for word in (flag, value)]
