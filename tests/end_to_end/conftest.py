"""Whole builds: the command line on one side, a real Docker engine on the other."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import free_port

DOCKER = "/usr/bin/docker"


@dataclass(frozen=True)
class Outcome:
    """What a command printed and ended with."""

    code: int
    out: str
    err: str

    @property
    def digest(self) -> str:
        assert self.code == 0, self.err
        return self.out.strip().splitlines()[-1]


Seldon = Callable[..., Outcome]


@pytest.fixture(scope="session")
def shared_store(repository: Path) -> Path:
    """A store that lives as long as the environment: bases and wheels come once per machine."""
    return repository / ".venv" / "test-store"


@pytest.fixture
def seldon(shared_store: Path, tmp_path: Path) -> Seldon:
    """Run ``seldon-python`` as a process of its own, with the shared store unless told otherwise."""
    return command_line(shared_store, tmp_path)


def command_line(shared_store: Path, tmp_path: Path) -> Seldon:
    def run(
        *arguments: str | Path, store: Path | None = None, wrapper: tuple[str, ...] = (), **more: Any
    ) -> Outcome:
        place = ("--store", str(store or shared_store)) if arguments[0] != "plugins" else ()
        command = (*wrapper, sys.executable, "-P", "-m", "seldon_builder", *map(str, arguments), *place)
        with (tmp_path / "out").open("w+b") as out, (tmp_path / "err").open("w+b") as err:
            done = subprocess.run(
                command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, check=False, **more
            )
        said, told = ((tmp_path / name).read_text(errors="replace") for name in ("out", "err"))
        return Outcome(done.returncode, said, told)

    return run


@pytest.fixture
def copied(repository: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Copy a folder of the checkout to where a test may edit it."""

    def copy(folder: str) -> Path:
        place = tmp_path / folder.replace("/", "-")
        shutil.copytree(repository / folder, place)
        return place

    return copy


@dataclass(frozen=True)
class Server:
    """A server that speaks REST on a port of this machine."""

    port: int

    @property
    def answers(self) -> bool:
        try:
            return bool(self.get("/health/status"))
        except (OSError, urllib.error.URLError):
            return False

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return str(answer.read().decode())

    def predict(self, message: dict[str, Any], path: str = "/api/v1.0/predictions") -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            json.dumps(message).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            decoded: dict[str, Any] = json.load(answer)
            return decoded


@dataclass(frozen=True)
class Container(Server):
    """A running image of our own: wait for it, read its log, stop it."""

    id: str

    @classmethod
    def run(cls, image: str, *flags: str) -> Container:
        port = free_port()
        return cls(port, docker("run", "--detach", "--publish", f"127.0.0.1:{port}:9000", *flags, image))

    def wait(self) -> None:
        for _ in range(300):
            if self.answers:
                return
            assert docker("inspect", "--format", "{{.State.Running}}", self.id) == "true", self.log()
            time.sleep(0.1)
        raise AssertionError(self.log())

    def log(self) -> str:
        done = subprocess.run([DOCKER, "logs", self.id], capture_output=True, check=False)
        return (done.stdout + done.stderr).decode()

    def stop(self) -> tuple[float, int]:
        """Stop it as Kubernetes would; return the seconds that took and its exit code."""
        began = time.monotonic()
        docker("stop", "--time", "20", self.id)
        seconds = time.monotonic() - began
        return seconds, int(docker("inspect", "--format", "{{.State.ExitCode}}", self.id))


def docker(*arguments: str) -> str:
    done = subprocess.run([DOCKER, *arguments], capture_output=True, check=False, text=True)
    assert not done.returncode, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


@pytest.fixture
def start(docker_host: str) -> Iterator[Callable[..., Container]]:
    """Start containers that end with the test."""
    running: list[Container] = []

    def run(image: str, *flags: str) -> Container:
        running.append(Container.run(image, *flags))
        return running[-1]

    yield run
    for container in running:
        docker("rm", "--force", container.id)


def layers_of(layout: Path) -> list[dict[str, Any]]:
    """Return the layer descriptors of the one image in an OCI layout."""
    index = json.loads((layout / "index.json").read_text())
    digest = index["manifests"][0]["digest"].partition(":")[2]
    manifest = json.loads((layout / "blobs" / "sha256" / digest).read_text())
    return list(manifest["layers"])
