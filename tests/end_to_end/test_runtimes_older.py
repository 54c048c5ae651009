"""Models that were written for others' servers, built as they are."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Container, Outcome, command_line

pytestmark = [pytest.mark.docker, pytest.mark.network]
Build = Callable[..., tuple[str, Outcome]]


@pytest.fixture(scope="session")
def build(
    docker_host: str, shared_store: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Build:
    seldon = command_line(shared_store, tmp_path_factory.mktemp("older"))

    def run(model: str, *options: str) -> tuple[str, Outcome]:
        image = f"seldon-test-older:{model}"
        outcome = seldon("build", repository / "tests/models" / model, image, "--output=docker", *options)
        assert outcome.code == 0, outcome.err
        return image, outcome

    return run


def answer(container: Container, path: str, body: Any) -> tuple[int, Any]:
    url, kind = f"http://127.0.0.1:{container.port}{path}", {"Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), kind)) as found:
            return found.status, json.load(found)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_model_of_older_wrappers_gets_what_their_images_carried(
    build: Build, start: Callable[..., Container]
) -> None:
    image, outcome = build("older", "--runtime", "rest", "--refresh")
    container = start(image)
    container.wait()

    status, found = answer(container, "/predict", {"data": {"ndarray": [[1, 2]]}})
    refused = answer(container, "/predict", {"data": {"ndarray": [[-1]]}})

    assert (status, found["data"]["ndarray"], found["meta"]["metrics"][0]["key"]) == (200, [[2, 4]], "asked")
    assert found["meta"]["tags"] == {"message": "seldon.protos.SeldonMessage"}
    assert refused == (418, {"refused": "too little"})
    assert "Adding flask: Older.py:5 imports flask" in outcome.err
    assert "Adding protobuf: Older.py:7 imports seldon_core.proto" in outcome.err
    assert "warning" not in outcome.err


def test_a_folder_of_hopsworks_is_served_without_any_setting(
    build: Build, start: Callable[..., Container]
) -> None:
    image, outcome = build("hopsworks_pair")
    container = start(image, "--env", "DEPLOYMENT_NAME=trips")
    container.wait()

    assert answer(container, "/v1/models/trips:predict", {"instances": [1, 2]}) == (
        200,
        {"predictions": [-6, -9]},
    )
    assert "MODEL_NAME=predict.Predict" in outcome.err
