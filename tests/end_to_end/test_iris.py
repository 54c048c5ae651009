"""A scikit-learn model, from folder to answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris

from .conftest import Container, Seldon, docker

pytestmark = [pytest.mark.docker, pytest.mark.network]
IMAGE = "seldon-test-iris:1"
UNPACKED_LIMIT = 480_000_000


@pytest.fixture
def server(seldon: Seldon, repository: Path, start: Callable[..., Container]) -> Container:
    outcome = seldon("build", repository / "examples/iris", IMAGE, "--output", "docker")
    assert outcome.code == 0, outcome.err
    container = start(IMAGE)
    container.wait()
    return container


def test_the_image_predicts_what_scikit_learn_predicts(server: Container, repository: Path) -> None:
    features = load_iris().data
    own = joblib.load(repository / "examples/iris/model.joblib").predict_proba(features)

    answer = server.predict({"data": {"ndarray": features.tolist()}})

    np.testing.assert_allclose(answer["data"]["ndarray"], own, rtol=1e-12)


def test_both_paths_and_both_encodings_agree(server: Container) -> None:
    row = [5.1, 3.5, 1.4, 0.2]

    as_array = server.predict({"data": {"ndarray": [row]}})["data"]["ndarray"]
    as_tensor = server.predict({"data": {"tensor": {"shape": [1, 4], "values": row}}}, "/predict")["data"][
        "tensor"
    ]

    assert as_tensor["shape"] == [1, 3]
    assert as_array[0] == as_tensor["values"]


def test_an_idle_container_stops_within_a_second(server: Container) -> None:
    seconds, code = server.stop()

    assert code == 0
    assert seconds < 2  # a second for the server, the rest is the engine's


def test_any_user_of_group_0_can_run_it_on_a_read_only_root(
    server: Container, start: Callable[..., Container]
) -> None:
    strict = start(IMAGE, "--read-only", "--user", "1000660000:0", "--cap-drop", "ALL")

    strict.wait()

    assert strict.predict({"data": {"ndarray": [[5.1, 3.5, 1.4, 0.2]]}})["data"]["ndarray"]


def test_the_image_stays_small(server: Container) -> None:
    assert int(docker("image", "inspect", "--format", "{{.Size}}", IMAGE)) < UNPACKED_LIMIT


def test_every_imported_module_has_its_bytecode(server: Container) -> None:
    check = """
import os, sys, sklearn.linear_model, seldon_runtime
files = {n: m for n, m in sys.modules.items() if (getattr(m, "__file__", None) or "").startswith("/layers")}
sources = {n: m for n, m in files.items() if m.__file__.endswith(".py")}
print(len(sources) > 100, [n for n, m in sources.items() if not os.path.exists(m.__cached__)])
"""

    assert docker("exec", server.id, "python", "-c", check) == "True []"
