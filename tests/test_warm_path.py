"""A warm build is short because it imports only what it uses: CONTRIBUTING.md says why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from seldon_builder.base.labels import GLIBC_VERSION, PYTHON_PATH, PYTHON_VERSION
from seldon_builder.detection import Requirement
from seldon_builder.events import silent
from seldon_builder.media.layout import LayoutDestination
from seldon_builder.reference import Reference
from seldon_builder.store import Store
from seldon_runtime.plugins import requirements

from .sample_images import make_image
from .wheelhouse import make_wheel, serve

LABELS = {PYTHON_VERSION: "3.13.5", PYTHON_PATH: "/usr/bin/python3.13", GLIBC_VERSION: "2.41"}
BUILD = """
import sys
from seldon_builder.cli import run
code = run(sys.argv[1:])
print(*sorted(sys.modules))
sys.exit(code)
"""
# What resolves, fetches, unpacks, compiles and describes: a warm build has it all in the store.
COLD = {
    *("packaging", "importlib.metadata", "tomllib", "tomli_w", "cyclonedx", "pathspec", "uv", "docker"),
    *("zipfile", "tarfile", "gzip", "configparser", "csv", "concurrent.futures", "asyncio", "logging"),
    *("seldon_plugins.engines.uv_resolution", "seldon_plugins.engines.pip_tools_resolution"),
    *("seldon_builder.layers.wheel_content", "seldon_builder.layers.wheel_archive"),
    *("seldon_builder.layers.splice", "seldon_builder.dependencies.download"),
    *("seldon_builder.base.bootstrap", "seldon_builder.base.rootfs_interpreter"),
    *("seldon_builder.media.daemon", "seldon_builder.media.daemon_source", "seldon_builder.local"),
    *("seldon_builder.cli.serve", "seldon_builder.cli.lock", "seldon_builder.store_upkeep"),
}
NETWORK = {"http.client", "ssl", "email", "seldon_builder.registry"}
Build = Callable[[str, str], set[str]]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Build a small model; the modules that the process had imported in the end."""
    for line in requirements():
        make_wheel(tmp_path / "index", Requirement(line, "").name, "99.0")
    image = make_image(Store(tmp_path / "others")).with_config(Labels=LABELS)
    LayoutDestination(tmp_path / "base", Reference.parse("base:1"), silent).write(image)
    model = tmp_path / "model"
    model.mkdir()
    (model / "requirements.txt").write_text("numpy>=1.22\n")

    def run(name: str, output: str) -> set[str]:
        (model / "Model.py").write_text(
            f"import numpy\nclass Model:\n    def predict(self, X): ...  # {name}\n"
        )
        options: list[str | Path] = [
            model,
            name,
            "--output",
            output,
            "--run-image",
            f"oci:{tmp_path}/base",
            "--no-bytecode",
        ]
        settings: list[str | Path] = [
            "--store",
            tmp_path / "store",
            "-e",
            f"PIP_INDEX_URL={index.simple}",
            "--quiet",
        ]
        command = [sys.executable, "-P", "-c", BUILD, "build", *options, *settings]
        # Not this process's environment: a coverage that is measured would import what it likes.
        done = subprocess.run(
            # Nor this machine's pip.conf, which a build would have to read.
            command,
            env={"HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return set(done.stdout.splitlines()[-1].split())

    with serve(tmp_path / "index") as index:
        yield run


def test_after_a_code_edit_a_build_imports_nothing_that_only_a_cold_one_uses(
    build: Build, tmp_path: Path
) -> None:
    cold = build("first", f"oci:{tmp_path}/first")
    warm = build("second", f"oci:{tmp_path}/second")

    assert {"packaging", "zipfile", "cyclonedx"} <= cold
    assert sorted(warm & (COLD | NETWORK)) == []


@pytest.mark.registry
def test_a_push_adds_the_registry_alone(build: Build, registry: str, tmp_path: Path) -> None:
    build("first", f"oci:{tmp_path}/first")
    warm = build(f"{registry}/warm:1", "registry")

    assert "seldon_builder.registry.push" in warm
    assert sorted(warm & COLD) == []
