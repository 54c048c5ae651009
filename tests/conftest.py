"""Services that the tests need; bin/test installs and starts what these only find."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

UNTRACED = "Cannot install a trace function"


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    """Let coverage lose a thread: CPython 3.11 traces none that begins while it begins to trace another."""
    told, unraisable = threading.excepthook, sys.unraisablehook

    def hook(arguments: threading.ExceptHookArgs) -> None:
        if UNTRACED not in str(arguments.exc_value):
            told(arguments)

    def unraisable_hook(arguments: sys.UnraisableHookArgs) -> None:
        if UNTRACED not in str(arguments.exc_value):
            unraisable(arguments)

    threading.excepthook, sys.unraisablehook = hook, unraisable_hook


def free_port() -> int:
    # Below those that the kernel gives to whoever connects: they would be taken again before they are used.
    for port in random.sample(range(10_000, 32_000), 100):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        assert process.poll() is None, "the service ended at once"
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real registry of this test process, as 127.0.0.1:PORT."""
    program = shutil.which("docker-registry")
    assert program, "docker-registry is not installed: run bin/test, which installs it"
    folder, port = tmp_path_factory.mktemp("registry"), free_port()
    config = folder / "config.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}\n"
        f"http: {{addr: 127.0.0.1:{port}}}\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log)
    wait_for_port(port, process)
    yield f"127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="session")
def docker_host() -> str:
    """The Docker engine that bin/test started; without one the tests fail."""
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    answer = subprocess.run(["/usr/bin/docker", "-H", host, "version"], capture_output=True, check=False)
    assert not answer.returncode, f"no Docker engine: run bin/test. {answer.stderr.decode()}"
    return host


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return Path(__file__).parents[1]
