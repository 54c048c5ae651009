"""Environments of conda: solved, locked, linked, activated and answering, with no conda anywhere."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from seldon_builder.base import default_base
from seldon_builder.base.debian import host_architecture
from seldon_builder.destination import Output
from seldon_builder.events import silent
from seldon_builder.lifecycle import Workshop, locked, model_of, standing
from seldon_builder.lock import CONDA
from seldon_builder.order import Asked, Order
from seldon_builder.plugins import load_plugins
from seldon_builder.prefix import DEPENDENCIES
from seldon_builder.reference import Reference
from seldon_builder.store import Store

from tests.conda_channel import (
    debian_python_package,
    make_channel,
    noarch_package,
    python_root,
    python_version,
    wheel_package,
    with_packages,
)
from tests.conda_packages import index_channel, write

from .conftest import Container, Seldon, docker, layers_of

pytestmark = [pytest.mark.docker, pytest.mark.network]
Start = Callable[..., Container]
IMAGE = "seldon-test-conda:1"
AARCH64 = 183
TOLD = """
    def tags(self):
        names = ("CONDA_PREFIX", "CONDA_SHLVL", "GREETING", "GREETED", "SSL_CERT_FILE", "SMOOTH_WINDOW")
        import json, platform
        return {
            "environment": {name: os.environ.get(name, "") for name in names},
            "python": platform.python_version(),
            "numpy": np.__file__,
            "bytecode": os.path.exists(json.__cached__) and os.path.exists(joblib.__cached__),
        }
"""


@pytest.fixture(scope="session")
def channel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The real channel, and numpy, as conda would have it, of its wheel."""
    minor = ".".join(python_version(python_root()).split(".")[:2])
    wheels = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += [f"--python-version={minor}", "--dest", str(wheels), "numpy<2.4"]
    subprocess.run(command, check=True)

    def add_numpy(folder: Path) -> None:
        for wheel in wheels.glob("*.whl"):
            write(folder, wheel_package(wheel, minor, "linux-64"))

    plain = make_channel(repository / ".venv")
    return with_packages(plain, tmp_path_factory.mktemp("conda") / "channel", add_numpy)


@pytest.fixture
def model(copied: Callable[[str], Path]) -> Path:
    """The example, which also asks for a package that activates something, and tells what it sees."""
    folder = copied("examples/conda")
    change(folder / "environment.yml", "  - joblib\n", "  - joblib\n  - greeting\n")
    text = (folder / "Smooth.py").read_text()
    (folder / "Smooth.py").write_text(text[: text.index("    def tags")] + TOLD.strip("\n") + "\n")
    return folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def alias(channel: str) -> tuple[str, str]:
    return "--channel-alias", f"conda-forge={channel}"


def test_the_example_answers_in_a_container_with_its_environment_active(
    seldon: Seldon, start: Start, channel: str, model: Path, docker_host: str
) -> None:
    outcome = seldon("build", model, IMAGE, "--output", "docker", *alias(channel))
    assert outcome.code == 0, outcome.err
    container = start(IMAGE, "--read-only", "--user", "12345", "--env", "SMOOTH_WINDOW=2")
    container.wait()

    answer = container.predict({"data": {"ndarray": [[1, 2, 4, 7]]}})

    assert answer["data"]["ndarray"] == [[1.5, 3.0, 5.5]]
    assert answer["meta"]["tags"] == {
        "environment": {
            "CONDA_PREFIX": DEPENDENCIES,
            "CONDA_SHLVL": "1",
            "GREETING": f"hello from {DEPENDENCIES}",
            "GREETED": "by greeting",
            "SSL_CERT_FILE": f"{DEPENDENCIES}/ssl/cacert.pem",
            "SMOOTH_WINDOW": "2",
        },
        "python": python_version(python_root()),
        "numpy": answer["meta"]["tags"]["numpy"],
        "bytecode": True,
    }
    assert docker("exec", container.id, f"{DEPENDENCIES}/bin/greet") == "greetings"
    assert docker("exec", container.id, "sh", "-c", "command -v conda || true") == ""


def test_what_conda_brings_is_not_installed_by_pip_again(
    seldon: Seldon, channel: str, model: Path, tmp_path: Path
) -> None:
    outcome = seldon("lock", model, *alias(channel))
    assert outcome.code == 0, outcome.err

    text = (model / "conda-lock.yml").read_text()
    assert text.count("name: numpy\n") == 1
    assert "manager: pip" in text


def test_the_project_itself_is_installed_beside_conda(
    seldon: Seldon, start: Start, channel: str, model: Path, docker_host: str
) -> None:
    change(model / "environment.yml", "      - toolz >=0.12\n", "      - toolz >=0.12\n      - -e .\n")
    (model / "src/windows").mkdir(parents=True)
    (model / "src/windows/__init__.py").write_text("def half(x):\n    return x / 2\n")
    (model / "setup.py").write_text(
        "from setuptools import setup\n"
        "setup(name='windows', version='1', packages=['windows'], package_dir={'': 'src'},\n"
        "      install_requires=['iniconfig'])\n"
    )
    change(model / "Smooth.py", "import os\n", "import os\n\nimport iniconfig\nfrom windows import half\n")
    change(
        model / "Smooth.py", "import json, platform\n", "import json, platform\n        assert half(2) == 1\n"
    )
    image = "seldon-test-conda-project:1"

    outcome = seldon("build", model, image, "--output", "docker", *alias(channel))

    assert outcome.code == 0, outcome.err
    assert "Not using setup.py" not in outcome.err
    container = start(image)
    container.wait()
    assert container.predict({"data": {"ndarray": [[1, 2, 4, 7]]}})["data"]["ndarray"]


def test_a_code_edit_makes_one_small_layer(seldon: Seldon, channel: str, model: Path, tmp_path: Path) -> None:
    first = built(seldon, model, channel, tmp_path / "first")
    change(model / "Smooth.py", "Says the mean", "Tells the mean")

    second = built(seldon, model, channel, tmp_path / "second")

    new = [layer for layer in second if layer not in first]
    assert len(new) == 1
    assert new[0]["size"] < 10_000


def test_a_changed_package_rebuilds_its_layer_alone(
    seldon: Seldon, channel: str, model: Path, tmp_path: Path
) -> None:
    def release(folder: Path) -> None:
        old = noarch_package("joblib", ("cloudpickle",))
        files = {**old.files, "site-packages/joblib/news.py": "NEW = True\n"}
        write(folder, replace(old, version="99.0", files=files))

    change(model / "environment.yml", "  - joblib\n", "  - joblib\n  - pygments\n")
    first = built(seldon, model, channel, tmp_path / "first")
    newer = with_packages(channel, tmp_path / "newer", release)

    second = built(seldon, model, newer, tmp_path / "second")

    # The small packages, their bytecode, and the bill of materials.
    assert len([layer for layer in second if layer not in first]) == 3


def built(seldon: Seldon, model: Path, channel: str, layout: Path, *more: str) -> list[dict[str, Any]]:
    outcome = seldon("build", model, IMAGE, "--output", f"oci:{layout}", *alias(channel), *more)
    assert outcome.code == 0, outcome.err
    return layers_of(layout)


def test_thirty_packages_are_locked_and_packed(repository: Path, shared_store: Path, tmp_path: Path) -> None:
    """Only the base is there before: nothing else is in the store."""
    channel = make_channel(repository / ".venv")
    base = default_base("trixie", host_architecture(), Store(shared_store), silent)
    names = [path.name.rsplit("-", 2)[0] for path in Path(channel.removeprefix("file://")).glob("*/*-*.*")]
    minor = ".".join(python_version(python_root()).split(".")[:2])
    lines = "".join(f"  - {name}\n" for name in sorted({*names, f"python ={minor}"} - {"python"}))
    (tmp_path / "environment.yml").write_text(f"channels: [conda-forge]\ndependencies:\n{lines}")
    workshop = Workshop(load_plugins(), Store(tmp_path / "store"), silent)
    flags = (("SELDON_CHANNEL_ALIASES", f"conda-forge={channel}", "--channel-alias"),)
    order = Order(tmp_path, Output("oci", Reference.parse(IMAGE)), Asked(flags=flags))

    lock = locked(order, model_of(order, workshop), base.target, workshop)
    own = standing(lock, base, workshop)
    layers = workshop.plugins.hook.seldon_layers(
        lock=lock, target=own.target, store=workshop.store, interpreter=None, emit=silent
    )

    assert len(names) == 30
    assert {item.name for item in lock.artifacts if item.kind == CONDA} == set(names)
    assert len(layers) > 3


@pytest.fixture(scope="session")
def arm_channel(shared_store: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    base = default_base("trixie", "arm64", Store(shared_store), silent)
    folder = tmp_path_factory.mktemp("arm") / "channel"
    write(folder, debian_python_package(base.rootfs(), base.target.python_version))
    for name in ("joblib", "cloudpickle"):
        write(folder, noarch_package(name, ("cloudpickle",) if name == "joblib" else ()))
    return index_channel(folder)


def test_an_image_for_arm64_is_built_here_and_runs_under_emulation(
    seldon: Seldon, arm_channel: str, copied: Callable[[str], Path], tmp_path: Path
) -> None:
    model = copied("examples/conda")
    change(model / "environment.yml", "python =3.12", "python =3.13")
    change(model / "environment.yml", "  - numpy >=1.26\n", "")

    layers = built(
        seldon, model, arm_channel, tmp_path / "layout", "--platform", "linux/arm64", "--no-bytecode"
    )

    root = unpacked(tmp_path / "layout", layers, tmp_path / "root")
    programs = [path for path in sorted((root / DEPENDENCIES.strip("/")).rglob("*")) if is_elf(path)]
    assert {machine_of(path) for path in programs} == {AARCH64}
    assert len(programs) > 20
    # Nothing is imported that must be compiled: emulated, that takes half a minute.
    code = "import os; from importlib.util import find_spec as find; "
    code += "print(os.uname().machine, all(map(find, ('joblib', 'toolz', 'numpy', 'seldon_runtime'))))"
    python = root / DEPENDENCIES.strip("/") / "bin/python3.13"
    emulated = ["qemu-aarch64-static", "-L", str(root), str(python), "-c", code]
    done = subprocess.run(emulated, env={}, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["aarch64", "True"], done.stderr


def unpacked(layout: Path, layers: list[dict[str, Any]], root: Path) -> Path:
    root.mkdir()
    for layer in layers:
        blob = layout / "blobs/sha256" / layer["digest"].partition(":")[2]
        subprocess.run(
            ["tar", "-xzf", blob, "-C", root, "--no-same-owner"], check=True, stderr=subprocess.DEVNULL
        )
    return root


def is_elf(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def machine_of(path: Path) -> int:
    with path.open("rb") as file:
        return int(struct.unpack("<H", file.read(20)[18:20])[0])
