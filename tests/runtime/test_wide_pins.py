"""The server never changes a pin: real sets of requirements, with and without what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pluggy
import pytest
from seldon_builder import hookspecs
from seldon_builder.dependencies.resolution import ask
from seldon_builder.dependencies.resolver import RUNTIME, Resolver
from seldon_builder.detection import Detection, Requirement
from seldon_builder.errors import SeldonError
from seldon_builder.events import silent
from seldon_builder.lock import Lock
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store
from seldon_builder.target import Target
from seldon_plugins.engines import uv
from seldon_runtime.plugins import requirements

from tests.wheelhouse import make_wheel

pytestmark = pytest.mark.network
TARGETS = {
    "3.10": Target("amd64", "3.10.12", "2.35"),
    "3.11": Target("amd64", "3.11.2", "2.36"),
    "3.12": Target("amd64", "3.12.3", "2.39"),
    "3.13": Target("amd64", "3.13.5", "2.41"),
}
# Each with the Python that its users have; the old ones as they were pinned when they were written.
SETS: Mapping[str, tuple[str, str]] = {
    "numpy 1.22": ("3.10", "numpy==1.22.4 pandas==1.4.4 scikit-learn==1.1.3"),
    "numpy 1.26": ("3.12", "numpy==1.26.4 scipy scikit-learn"),
    "numpy, newest": ("3.13", "numpy scipy scikit-learn"),
    "pandas 1": ("3.11", "pandas==1.5.3 lightgbm==3.3.5"),
    "protobuf 3.20": ("3.10", "protobuf==3.20.3 onnx==1.13.1"),
    "protobuf, newest": ("3.13", "protobuf googleapis-common-protos"),
    "flask 1": ("3.10", "flask==1.1.4 markupsafe==2.0.1 flask-cors==3.0.10"),
    "flask 3": ("3.12", "flask==3.1.0 flask-cors requests"),
    "pydantic 1": ("3.10", "pydantic==1.10.24 fastapi==0.89.1"),
    "pydantic 2": ("3.13", "pydantic>=2 fastapi[standard]"),
    "uvicorn 0.17": ("3.10", "uvicorn==0.17.6 fastapi==0.75.2"),
    "gunicorn 20.1": ("3.10", "gunicorn==20.1.0 redis==3.5.3 prometheus-client==0.8.0"),
    "redis, newest": ("3.12", "celery[redis]"),
    "orjson 3.6": ("3.10", "orjson==3.6.9 uvloop==0.17.0 httptools==0.5.0"),
    "grpcio 1.48": ("3.10", "grpcio==1.48.2 grpcio-reflection==1.48.2 protobuf<4"),
    "grpcio, newest": ("3.13", "grpcio grpcio-status grpcio-health-checking"),
    "tensorflow 2.15": ("3.11", "tensorflow==2.15.1"),
    "tensorflow, newest": ("3.12", "tensorflow"),
    "torch 1.13": ("3.10", "torch==1.13.1 torchvision==0.14.1 numpy<2"),
    "torch, newest": ("3.13", "torch torchvision"),
    "transformers 4.20": ("3.10", "transformers==4.20.1 tokenizers==0.12.1 torch==1.13.1"),
    "transformers, newest": ("3.12", "transformers[torch]"),
    "xgboost": ("3.13", "xgboost pandas"),
    "onnxruntime 1.16": ("3.11", "onnxruntime==1.16.3 numpy==1.26.4"),
    "opencv": ("3.12", "opencv-python-headless pillow"),
    "spacy": ("3.12", "spacy<3.8"),
    "seldon-core": ("3.10", "seldon-core==1.17.1"),
    "alibi": ("3.10", "alibi==0.9.6"),
    "mlserver": ("3.11", "mlserver mlserver-sklearn"),
    "mlflow 1": ("3.10", "mlflow==1.30.1"),
    "mlflow, newest": ("3.12", "mlflow"),
    "kserve": ("3.11", "kserve==0.12.1"),
    "google cloud": ("3.12", "google-cloud-storage google-cloud-bigquery"),
}

# Some of what seldon-core asks for has no wheels anywhere: whoever builds with it brings them.
WITHOUT_WHEELS = {
    ("flask-opentracing", "1.1.0"): ("Flask", "opentracing>=2.0,<3"),
    ("jaeger-client", "4.4.0"): ("threadloop>=1,<2", "thrift", "tornado>=4.3", "opentracing>=2.1,<3.0"),
    ("opentracing", "2.4.0"): (),
    ("threadloop", "1.0.2"): ("tornado",),
    ("thrift", "0.16.0"): ("six>=1.7.2",),
}


@dataclass(frozen=True)
class Outcome:
    """What the requirements alone lead to, and what they lead to beside the server."""

    alone: Mapping[str, str]
    beside: Mapping[str, str]


def versions(lock: Lock) -> dict[str, str]:
    return {artifact.name: artifact.version for artifact in lock.artifacts}


def resolver_for(target: Target, store: Store, wheels: Path) -> Resolver:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(uv)
    index = PackageIndex(find_links=(str(wheels),))
    return Resolver(target, index, "uv", manager.hook, store, silent)


@pytest.fixture(scope="session")
def outcomes(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Outcome | SeldonError]:
    """Resolve every set as a build does, fetching nothing but metadata."""
    store, wheels = Store(repository / ".venv" / "test-store"), tmp_path_factory.mktemp("wheels")
    for (distribution, version), requires in WITHOUT_WHEELS.items():
        make_wheel(wheels, distribution, version, requires=requires)

    def outcome(name: str) -> Outcome | SeldonError:
        python, text = SETS[name]
        own = Detection("none", (), "", tuple(Requirement(line, name) for line in text.split()))
        resolver = resolver_for(TARGETS[python], store, wheels)
        try:
            first = resolver.ask_engine(own)
            found = resolver.resolve(ask(own, requirements()), first)
        except SeldonError as error:
            return error
        return Outcome(versions(first), versions(found))

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(SETS, pool.map(outcome, SETS), strict=True))


@pytest.mark.parametrize("name", SETS)
def test_not_one_version_changes(name: str, outcomes: Mapping[str, Outcome | SeldonError]) -> None:
    found = outcomes[name]

    assert isinstance(found, Outcome), found
    assert {name: found.beside.get(name) for name in found.alone} == found.alone
    asked = {Requirement(line, RUNTIME).name for line in requirements()}
    assert asked <= found.beside.keys()
