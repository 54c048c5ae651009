"""The reference engine and the fast one lead to the same versions: real sets of requirements, real index."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.detection import Detection, Requirement
from seldon_builder.errors import SeldonError
from seldon_builder.events import silent
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store
from seldon_builder.target import Target
from seldon_plugins.engines import pip_tools, uv

from .test_pip_tools import GLIBC, HERE, HostInterpreter

pytestmark = pytest.mark.network
SETS = {
    "scikit-learn": "scikit-learn pandas",
    "pinned": "numpy==1.26.4 scipy==1.11.4 joblib==1.3.2",
    "pandas 1": "pandas==1.5.3 python-dateutil<2.9",
    "extras": "uvicorn[standard]==0.30.6 websockets<13",
    "flask": "flask==2.3.3 flask-cors werkzeug<3",
    "fastapi": "fastapi==0.89.1 pydantic<2",
    "markers": "importlib-metadata; python_version < '3.8'\nhttpx\ncolorama; sys_platform == 'win32'",
    "protobuf": "protobuf<4 googleapis-common-protos",
    "pre-releases": "--pre\nclick>=8\nrich",
    "relocked": "requests>=2.28,<2.32 urllib3>=2",
    "exclusions": "tqdm!=4.67.0 pyyaml>=5.4,!=6.0 jinja2",
}
# What an earlier lock had: kept where it satisfies, by both.
PREFERRED = {"relocked": (Requirement("idna==3.4", "the lock"), Requirement("urllib3==1.26.18", "the lock"))}


@pytest.fixture(scope="module")
def versions(repository: Path) -> Mapping[str, Mapping[str, Mapping[str, str] | SeldonError]]:
    """What each engine leads to, by set and engine."""
    store = Store(repository / ".venv" / "test-engines")
    target = Target(HERE, platform.python_version(), GLIBC)

    def asked(text: str) -> Detection:
        words = text.splitlines() if "\n" in text else text.split()
        lines = tuple(Requirement(word, "set") for word in words if not word.startswith("--"))
        return Detection(
            "none", (), "", lines, options=tuple(word for word in words if word.startswith("--"))
        )

    def found(name: str) -> Mapping[str, Mapping[str, str] | SeldonError]:
        detection, index = asked(SETS[name]), PackageIndex()
        detection = replace(detection, preferred=PREFERRED.get(name, ()))
        outcomes: dict[str, Mapping[str, str] | SeldonError] = {}
        for engine in ("pip-tools", "uv"):
            try:
                lock = (
                    uv.seldon_lock(detection, target, index, engine, store, silent)
                    if engine == "uv"
                    else pip_tools.seldon_lock(
                        detection, target, index, engine, store, silent, HostInterpreter()
                    )
                )
            except SeldonError as error:
                outcomes[engine] = error
            else:
                assert lock is not None
                outcomes[engine] = {artifact.name: artifact.version for artifact in lock.artifacts}
        return outcomes

    with ThreadPoolExecutor(3) as pool:
        return dict(zip(SETS, pool.map(found, SETS), strict=True))


@pytest.mark.parametrize("name", SETS)
def test_both_engines_choose_the_same_versions(
    name: str, versions: Mapping[str, Mapping[str, Mapping[str, str] | SeldonError]]
) -> None:
    found = versions[name]

    assert isinstance(found["pip-tools"], Mapping), found["pip-tools"]
    assert found["pip-tools"] == found["uv"]
    assert len(found["uv"]) > 1


def test_both_engines_keep_what_an_earlier_lock_had_where_it_satisfies(
    versions: Mapping[str, Mapping[str, Mapping[str, str] | SeldonError]],
) -> None:
    found = versions["relocked"]["pip-tools"]

    assert isinstance(found, Mapping), found
    assert found["idna"] == "3.4"
    assert found["urllib3"].startswith("2.")
