"""A scikit-learn model, from folder to answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
from pytest_docker.plugin import Services
from sklearn.datasets import load_iris

from .conftest import Container, Server, command_line, docker

pytestmark = [pytest.mark.docker, pytest.mark.network]
Start = Callable[..., Container]
IMAGE = "seldon-test-iris:1"
UNPACKED_LIMIT = 480_000_000


@pytest.fixture(scope="session")
def image(
    docker_host: str, shared_store: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    seldon = command_line(shared_store, tmp_path_factory.mktemp("iris"))
    outcome = seldon("build", repository / "examples/iris", IMAGE, "--output", "docker")
    assert outcome.code == 0, outcome.err
    return IMAGE


@pytest.fixture(scope="session")
def docker_compose_command() -> str:
    return "docker-compose"


@pytest.fixture(scope="session")
def docker_setup(image: str) -> list[str]:
    return ["up --detach"]


@pytest.fixture(scope="session")
def docker_compose_file() -> str:
    return str(Path(__file__).with_name("docker-compose.yml"))


@pytest.fixture(scope="session")
def server(docker_services: Services) -> Server:
    """The image as a compose service, ready to answer."""
    found = Server(docker_services.port_for("iris", 9000))
    docker_services.wait_until_responsive(lambda: found.answers, timeout=60, pause=0.1)
    return found


def test_the_image_predicts_what_scikit_learn_predicts(server: Server, repository: Path) -> None:
    features = load_iris().data
    own = joblib.load(repository / "examples/iris/model.joblib").predict_proba(features)

    answer = server.predict({"data": {"ndarray": features.tolist()}})

    np.testing.assert_allclose(answer["data"]["ndarray"], own, rtol=1e-12)


def test_both_paths_and_both_encodings_agree(server: Server) -> None:
    row = [5.1, 3.5, 1.4, 0.2]

    as_array = server.predict({"data": {"ndarray": [row]}})["data"]["ndarray"]
    as_tensor = server.predict({"data": {"tensor": {"shape": [1, 4], "values": row}}}, "/predict")["data"][
        "tensor"
    ]

    assert as_tensor["shape"] == [1, 3]
    assert as_array[0] == as_tensor["values"]


def test_an_idle_container_stops_within_a_second(image: str, start: Start) -> None:
    container = start(image)
    container.wait()

    seconds, code = container.stop()

    assert code == 0
    assert seconds < 2  # a second for the server, the rest is the engine's


def test_any_user_of_group_0_can_run_it_on_a_read_only_root(image: str, start: Start) -> None:
    strict = start(image, "--read-only", "--user", "1000660000:0", "--cap-drop", "ALL")

    strict.wait()

    assert strict.predict({"data": {"ndarray": [[5.1, 3.5, 1.4, 0.2]]}})["data"]["ndarray"]


def test_the_image_stays_small(image: str) -> None:
    assert int(docker("image", "inspect", "--format", "{{.Size}}", image)) < UNPACKED_LIMIT


def test_every_imported_module_has_its_bytecode(image: str) -> None:
    check = """
import os, sys, sklearn.linear_model, seldon_runtime
files = {n: m for n, m in sys.modules.items() if (getattr(m, "__file__", None) or "").startswith("/layers")}
sources = {n: m for n, m in files.items() if m.__file__.endswith(".py")}
print(len(sources) > 100, [n for n, m in sources.items() if not os.path.exists(m.__cached__)])
"""

    assert docker("run", "--rm", "--entrypoint", "python", image, "-c", check) == "True []"
