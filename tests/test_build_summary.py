"""What a build says in the end: the commands that run the image and ask it."""

from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.cli.build import how_to_run
from seldon_builder.destination import Output, Written
from seldon_builder.lifecycle import Built
from seldon_builder.lock import CONDA, WHEEL, Artifact, Lock
from seldon_builder.order import Order
from seldon_builder.reference import Reference
from seldon_builder.settings import Setting, Settings
from seldon_builder.store import Store

from .sample_images import make_image


@pytest.mark.parametrize(
    ("said", "port", "asks"),
    [
        ({}, 9000, "curl -s http://localhost:9000/api/v1.0/predictions "),
        ({"PREDICTIVE_UNIT_HTTP_SERVICE_PORT": "8080"}, 8080, "curl -s http://localhost:8080/api/"),
        ({"SERVICE_TYPE": "ROUTER"}, 9000, "curl -s http://localhost:9000/route "),
        ({"API_TYPE": "GRPC"}, 5000, "grpcurl -plaintext "),
    ],
)
def test_the_commands_fit_the_server_that_is_in_the_image(
    tmp_path: Path, said: dict[str, str], port: int, asks: str
) -> None:
    image = make_image(Store(tmp_path))
    settings = Settings(tuple(Setting(name, value, "-e") for name, value in said.items()))
    lock = Lock("wheels", "uv", "3.13", "linux/amd64", image.digest, ())
    built = Built(image, Written("docker:iris", image.digest, 0, 0, 0), settings, lock)
    order = Order(tmp_path, Output("docker", Reference.parse("iris:1")))

    run, ask = how_to_run(order, built, image.architecture)

    assert run == f"  run     docker run --rm -p {port}:{port} iris:1"
    assert ask.startswith(f"  ask     {asks}")


@pytest.mark.parametrize(("kind", "lines"), [(WHEEL, 3), (CONDA, 2)])
def test_what_brings_its_own_python_is_not_said_to_be_served_without_an_image(
    tmp_path: Path, kind: str, lines: int
) -> None:
    image = make_image(Store(tmp_path))
    python = Artifact("python", "3.12.1", "file:///python-3.12.1-0.conda", image.digest, 1, kind)
    lock = Lock("conda", "conda", "3.12", "linux/amd64", image.digest, (python,))
    built = Built(image, Written("oci", image.digest, 0, 0, 0), Settings(), lock)
    order = Order(tmp_path, Output("oci", Reference.parse("iris:1"), "out"))

    said = list(how_to_run(order, built, image.architecture))

    assert len(said) == lines
    assert any("seldon-python serve" in line for line in said) == (kind == WHEEL)
