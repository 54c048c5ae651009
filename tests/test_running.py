"""Images in a real engine, and what is said where there is none."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from seldon_builder.cli import run as run_verb
from seldon_builder.errors.running import EngineMissing
from seldon_builder.local.reach import http_answers
from seldon_builder.local.running import Engine, find_engine

from tests.conftest import free_port

DOCKER = "/usr/bin/docker"
SELDON = (sys.executable, "-P", "-m", "seldon_builder")


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_without_an_engine_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match="no docker and no podman") as caught:
        find_engine({"PATH": str(tmp_path)})

    assert "seldon-python serve" in caught.value.hint


def test_an_engine_that_does_not_answer_gives_way_to_the_next(tmp_path: Path) -> None:
    program(tmp_path, "docker", "echo 'Cannot connect to the Docker daemon.' >&2; exit 1")
    podman = program(tmp_path, "podman", "exit 0")

    assert find_engine({"PATH": str(tmp_path)}).program == podman


def test_engines_that_do_not_answer_are_quoted(tmp_path: Path) -> None:
    program(tmp_path, "docker", "echo 'Cannot connect to the Docker daemon.' >&2; exit 1")

    with pytest.raises(
        EngineMissing, match=r"docker does not answer \(Cannot connect to the Docker daemon\)"
    ):
        find_engine({"PATH": str(tmp_path)})


def test_an_engine_that_was_named_and_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match="there is no nerdctl"):
        find_engine({"PATH": str(tmp_path)}, "nerdctl")


@pytest.mark.parametrize(
    ("host", "published"),
    [
        ("", "127.0.0.1:80:9000"),
        ("unix:///var/run/docker.sock", "127.0.0.1:80:9000"),
        ("tcp://build-machine:2376", "80:9000"),
        ("ssh://me@build-machine", "80:9000"),
    ],
)
def test_the_port_is_published_to_this_machine_alone_unless_the_engine_is_elsewhere(
    host: str, published: str
) -> None:
    assert Engine(Path("/usr/bin/docker"), {"DOCKER_HOST": host}).published(80, 9000) == published


def test_nothing_serves_where_nothing_listens() -> None:
    assert not http_answers("127.0.0.1", free_port())


@pytest.fixture(scope="session")
def image(repository: Path, docker_host: str) -> str:
    """An image with the smallest model, in the engine."""
    name = "seldon-test-running:1"
    store = repository / ".venv" / "test-store"
    build = [*SELDON, "build", "examples/mean", name, "--output", "docker", "--store", str(store)]
    done = subprocess.run(build, cwd=repository, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return name


class Running:
    """``seldon-python run`` as a process."""

    def __init__(self, image: str, port: int) -> None:
        self.port = port
        command = [*SELDON, "run", image, "--port", str(port), "--engine", DOCKER]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def said_until(self, words: str) -> str:
        said = ""
        assert self.process.stdout
        while words not in said:
            line = self.process.stdout.readline()
            assert line, said
            said += line
        return said


@pytest.fixture
def running(image: str) -> Iterator[Running]:
    run = Running(image, free_port())
    yield run
    if run.process.poll() is None:
        run.process.terminate()
    run.process.communicate()


@pytest.mark.docker
@pytest.mark.network
def test_the_printed_command_asks_the_model(running: Running) -> None:
    said = running.said_until("predictions")
    url = re.search(r"http://\S+predictions", said)
    assert url, said
    body = json.dumps({"data": {"ndarray": [[1, 2, 3, 4]]}}).encode()
    asked = urllib.request.Request(url[0], body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked) as answer:
        assert answer.status == 200


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_the_container_gently(running: Running, number: int) -> None:
    running.said_until("predictions")
    began = time.monotonic()
    running.process.send_signal(number)
    code = running.process.wait(30)
    left = subprocess.run(
        [DOCKER, "ps", "--quiet", "--filter", f"publish={running.port}"], capture_output=True, check=True
    )

    assert (code, left.stdout) == (0, b"")
    assert time.monotonic() - began < 8


@pytest.mark.docker
def test_an_image_that_is_not_there_says_so(docker_host: str) -> None:
    run = Running("127.0.0.1:1/nowhere:1", free_port())
    said, _ = run.process.communicate(timeout=60)

    hint = "docker has no image 127.0.0.1:1/nowhere:1: build it first (`seldon-python build"
    assert (run.process.returncode, hint in said) == (77, True), said


@pytest.mark.docker
@pytest.mark.network
def test_a_port_that_is_taken_is_named(image: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = Running(image, port)
        said, _ = run.process.communicate(timeout=60)

    hint = f"something else listens on port {port}: choose another one with --port"
    assert (run.process.returncode, hint in said) == (77, True), said


@pytest.mark.parametrize("verb", ["run", "serve"])
@pytest.mark.parametrize("port", ["99999", "0", "-1", "http"])
def test_a_port_that_cannot_be_is_a_wrong_command_line(
    verb: str, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_verb([verb, "anything", f"--port={port}"])

    assert ended.value.code == 2
    assert f"{port!r} is not a port: it is a number from 1 to 65535" in capsys.readouterr().err


@pytest.mark.docker
@pytest.mark.network
def test_a_container_that_ends_by_itself_is_an_error(image: str, tmp_path: Path) -> None:
    bad = "seldon-test-running:broken"
    subprocess.run(
        [DOCKER, "build", "--quiet", "--tag", bad, "-"],
        input=f"FROM {image}\nENV MODEL_NAME=Nothing\n".encode(),
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
        capture_output=True,
        check=True,
    )
    run = Running(bad, free_port())
    said, _ = run.process.communicate(timeout=60)

    assert run.process.returncode == 77, said
    assert "There is no module Nothing" in said
    assert "with status 61" in said
