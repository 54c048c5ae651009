"""The wheel that users get, with a third party's plugin beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import layers_of

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with our wheel and the example plugin's, and no checkout."""
    folder = tmp_path_factory.mktemp("installed")
    uv = str(Path(sys.executable).with_name("uv"))
    for project in (repository, repository / "examples/plugin-pins-json"):
        subprocess.run([uv, "build", "--quiet", "--wheel", "--out-dir", folder, project], check=True)
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    wheels = sorted(str(path) for path in folder.glob("*.whl"))
    assert len(wheels) == 2
    subprocess.run([uv, "pip", "install", "--quiet", "--python", folder / "venv", *wheels], check=True)
    return folder / "venv" / "bin"


def test_plugins_lists_ours_and_the_third_partys(installed: Path, tmp_path: Path) -> None:
    listed = subprocess.run(
        [installed / "seldon-python", "plugins"], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    rows = {line.split()[0]: line for line in listed.stdout.splitlines()}
    assert "seldon_lock" in rows["uv"]
    assert "seldon-python-pins-json 0.1.0" in rows["pins_json"]


def test_a_third_partys_resolver_decides_what_is_installed(
    installed: Path, repository: Path, tmp_path: Path, shared_store: Path
) -> None:
    layout = tmp_path / "layout"
    command: list[str | Path] = [
        installed / "seldon-python", "build", repository / "examples/plugin-pins-json/model", "threshold",
        "--output", f"oci:{layout}", "--store", shared_store,
    ]  # fmt: skip

    built = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert built.returncode == 0, built.stderr
    assert "pins.json pins 1 packages" in built.stderr
    assert len(layers_of(layout)) > 5
