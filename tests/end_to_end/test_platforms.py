"""Images for another architecture: from wheels alone, with files of that architecture, that predict."""

from __future__ import annotations

import json
import os
import platform
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import free_port

from .conftest import Seldon, Server

# e_machine of ELF.
MACHINES = {"amd64": 0x3E, "arm64": 0xB7}
THERE = "arm64" if platform.machine() == "x86_64" else "amd64"
EMULATOR = {"arm64": "qemu-aarch64-static", "amd64": "qemu-x86_64-static"}[THERE]
MODEL = """import numpy

class Twice:
    def predict(self, X, names=None):
        return numpy.asarray(X) * 2
"""
# Programs look for randomness in /dev. The emulator is started by its path: nothing is registered.
ENTER = 'mount --rbind /dev "$0/dev" && exec unshare --root="$0" --wd=/workspace "$@"'


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("platforms") / "model"
    folder.mkdir()
    (folder / "Twice.py").write_text(MODEL)
    (folder / "requirements.txt").write_text("numpy\n")
    return folder


def manifest_of(layout: Path, digest: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(blob(layout, digest).read_bytes())
    return found


def blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / "sha256" / digest.partition(":")[2]


@dataclass(frozen=True)
class Unpacked:
    """The files of an image in a folder, and its variables."""

    root: Path
    variables: dict[str, str]

    @classmethod
    def of(cls, layout: Path, digest: str, root: Path) -> Unpacked:
        root.mkdir()
        manifest = manifest_of(layout, digest)
        for layer in manifest["layers"]:
            # GNU tar drops the slash that names in our layers begin with; Python's tarfile would write to /.
            command = ["tar", "-xf", str(blob(layout, layer["digest"])), "-C", str(root), "--no-same-owner"]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        config = manifest_of(layout, manifest["config"]["digest"])["config"]
        return cls(root, dict(pair.split("=", 1) for pair in config["Env"]))

    def machines(self) -> dict[int, int]:
        """How many ELF files of each machine there are."""
        found: dict[int, int] = {}
        for path in self.root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    head = file.read(20)
                if head.startswith(b"\x7fELF"):
                    (machine,) = struct.unpack_from("<H", head, 18)
                    found[machine] = found.get(machine, 0) + 1
        return found

    @contextmanager
    def serving(self, log: Path) -> Iterator[Server]:
        """Run the image's server under emulation, on a port of this machine."""
        program = shutil.which(EMULATOR)
        assert program, f"{EMULATOR} is not installed: bin/setup installs qemu-user-static"
        shutil.copy(program, self.root / EMULATOR)
        (self.root / "dev").mkdir(exist_ok=True)
        server = Server(free_port())
        variables = {**self.variables, "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": str(server.port)}
        variables["PREDICTIVE_UNIT_METRICS_SERVICE_PORT"] = str(free_port())
        python = "/layers/seldon_python/dependencies/bin/python"
        enter = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", ENTER, str(self.root)]
        command = [*enter, f"/{EMULATOR}", python, "-B", "-m", "seldon_runtime"]
        environment = {**variables, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
        with log.open("wb") as file:
            process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
        try:
            for _ in range(600):
                if server.answers:
                    break
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            yield server
        finally:
            process.kill()
            process.wait()


def built(seldon: Seldon, model: Path, layout: Path, *options: str) -> str:
    """Build for REST alone, with bytecode: under emulation every import takes long."""
    given = ("--output", f"oci:{layout}", "--runtime", "rest", *options)
    return seldon("build", model, "twice:1", *given).digest


def test_an_image_for_another_machine_holds_its_files_and_predicts(
    seldon: Seldon, model: Path, tmp_path: Path
) -> None:
    digest = built(seldon, model, tmp_path / "layout", "--platform", f"linux/{THERE}")
    image = Unpacked.of(tmp_path / "layout", digest, tmp_path / "root")
    machines = image.machines()

    assert list(machines) == [MACHINES[THERE]]
    assert machines[MACHINES[THERE]] > 20
    with image.serving(tmp_path / "log") as server:
        answer = server.predict({"data": {"ndarray": [[1.0, 2.5]]}})
    assert answer["data"]["ndarray"] == [[2.0, 5.0]]


def test_one_call_builds_for_both_machines_under_one_name(
    seldon: Seldon, model: Path, tmp_path: Path
) -> None:
    layout, options = tmp_path / "layout", ("--runtime", "rest", "--no-bytecode")
    both = ("--output", f"oci:{layout}", "--platform", "linux/arm64,linux/amd64", *options)
    digest = seldon("build", model, "twice:1", *both).digest
    entries = manifest_of(layout, digest)["manifests"]
    alone = {
        machine: seldon(
            *("build", model, "twice:1", "--output", f"oci:{tmp_path / machine}", *options),
            *("--platform", f"linux/{machine}"),
        ).digest
        for machine in MACHINES
    }

    assert {entry["platform"]["architecture"]: entry["digest"] for entry in entries} == alone


@pytest.mark.parametrize("output", ["docker", "archive:FILE"])
def test_what_takes_one_platform_says_so(seldon: Seldon, model: Path, output: str) -> None:
    outcome = seldon("build", model, "twice:1", "--output", output, "--platform", "linux/arm64,linux/amd64")

    assert outcome.code == 83
    assert "takes an image for one platform, not for 2" in outcome.err
