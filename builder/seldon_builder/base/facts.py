"""What a Debian tree is, and what its image says about itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..entry import GROUP, USER
from .labels import GLIBC_VERSION, PATH, PYTHON_PATH, PYTHON_VERSION, STACK, STACK_PREFIX
from .tree import Tree


@dataclass(frozen=True)
class Facts:
    """What the packages of a Debian tree say: exact Python and glibc, and the distribution."""

    suite: str
    python: str
    glibc: str
    distribution: str
    release: str


def facts_of(tree: Tree, suite: str) -> Facts:
    """Read the facts from dpkg's list and os-release, which need no program of the tree."""
    versions = _versions(tree["var/lib/dpkg/status"].read().decode())
    minimal = next(name for name in versions if re.fullmatch(r"python3\.\d+-minimal", name))
    release = dict(
        re.findall(r'^(\w+)="?([^"\n]*)', tree["usr/lib/os-release"].read().decode(), re.MULTILINE)
    )
    return Facts(
        suite,
        _upstream(versions[minimal]),
        _upstream(versions["libc6"]),
        release["ID"],
        release["VERSION_ID"],
    )


def config_of(facts: Facts, kind: str = "run") -> Mapping[str, Any]:
    """Return the config of a run or build image: reference labels of buildpacks, and ours."""
    stack = f"{STACK_PREFIX}{facts.suite}"
    minor = ".".join(facts.python.split(".")[:2])
    description = f"Debian {facts.release} ({facts.suite}) with Python {facts.python}"
    if kind == "build":
        description += " and a compiler"
    # Buildpacks ask the build image alone as whom they run.
    user = [f"CNB_USER_ID={USER}", f"CNB_GROUP_ID={GROUP}"] if kind == "build" else []
    return {
        "Env": [f"CNB_STACK_ID={stack}", *user, f"PATH={PATH}"],
        "Labels": {
            "io.buildpacks.base.description": description,
            "io.buildpacks.base.distro.name": facts.distribution,
            "io.buildpacks.base.distro.version": facts.release,
            "io.buildpacks.base.id": stack,
            "io.buildpacks.base.maintainer": "seldon-python",
            "io.buildpacks.rebasable": "true",
            STACK: stack,
            GLIBC_VERSION: facts.glibc,
            PYTHON_PATH: f"/usr/bin/python{minor}",
            PYTHON_VERSION: facts.python,
        },
        "User": f"{USER}:{GROUP}",
    }


def _versions(status: str) -> dict[str, str]:
    return dict(re.findall(r"^Package: (\S+)\n(?:.+\n)*?Version: (\S+)", status, re.MULTILINE))


def _upstream(version: str) -> str:
    """Return the upstream part of a Debian version: ``3.13.5`` of ``3.13.5-2+deb13u1``."""
    found = re.match(r"(?:\d+:)?(\d+(?:\.\d+)+)", version)
    assert found, f"not a version of upstream's: {version}"
    return found[1]
