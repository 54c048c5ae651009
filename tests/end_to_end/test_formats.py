"""Every way to write dependencies down, built from its example, run in a container and asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Container, Seldon, docker

pytestmark = [pytest.mark.docker, pytest.mark.network]
EXAMPLES = Path(__file__).parents[2] / "examples"
ASKED = sorted(path.parent.name for path in EXAMPLES.glob("*/ask.json"))


@pytest.mark.parametrize("example", ASKED)
def test_an_example_is_built_and_answers(
    example: str, seldon: Seldon, copied: Callable[[str], Path], start: Callable[..., Container]
) -> None:
    folder, image = copied(f"examples/{example}"), f"seldon-test-format-{example}:1"
    asked = json.loads((folder / "ask.json").read_text())

    outcome = seldon("build", folder, image, "--output", "docker", *asked.get("options", ()))

    assert outcome.code == 0, outcome.err
    container = start(image)
    container.wait()
    assert container.predict(asked["request"])["data"] == asked["answer"]
    docker("rm", "--force", container.id)
    docker("rmi", "--force", image)
