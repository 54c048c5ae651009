"""The real seldon-core 1.17.1 from PyPI, in an environment of its own: its server and its clients."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import free_port
from tests.served import Server

# gunicorn 20.1 imports pkg_resources, which newer setuptools no longer have.
REQUIREMENTS = ("seldon-core==1.17.1", "setuptools<70")
PYTHON = "3.11"
PLACE = Path(sys.prefix, "peers", f"seldon-core-1.17.1-py{PYTHON}")
# What seldon-core's calls of deprecated functions say is nothing that a test can mend.
QUIET = {"PYTHONWARNINGS": "ignore", "PATH": os.defpath}


def environment() -> Path:
    """Return the folder of its programs; made once, kept beside the tests' own environment."""
    PLACE.parent.mkdir(exist_ok=True)
    done = PLACE / "complete"
    with PLACE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            uv = Path(sys.executable).with_name("uv")
            subprocess.run([uv, "venv", "-q", "--clear", "--python", PYTHON, PLACE], check=True)
            python = PLACE / "bin/python"
            subprocess.run([uv, "pip", "install", "-q", "--python", python, *REQUIREMENTS], check=True)
            done.touch()
    return PLACE / "bin"


@contextmanager
def serving_with_seldon_core(
    folder: Path, code: str, variables: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Serve the model ``code`` with seldon-core-microservice."""
    (folder / "Model.py").write_text(textwrap.dedent(code))
    ports = [free_port() for _ in range(3)]
    names = ("HTTP", "GRPC", "METRICS")
    told = {
        f"PREDICTIVE_UNIT_{name}_SERVICE_PORT": str(port) for name, port in zip(names, ports, strict=True)
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [environment() / "seldon-core-microservice", "Model", "--service-type", "MODEL"],
            cwd=folder,
            env={**QUIET, **told, **(variables or {})},
            stdout=log,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    server = Server(process, *ports)
    try:
        _wait(server, folder / "log")
        yield server
    finally:
        # It never ends by SIGTERM, and has six processes more.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(server: Server, log: Path) -> None:
    for _ in range(600):
        assert server.process.poll() is None, log.read_text()
        try:
            if server.request("GET", "/health/ping").status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


def run_with_seldon_core(script: Path, *arguments: str, asked: object = None) -> Any:
    """Run ``script`` beside seldon-core's client; it reads JSON and its last line is JSON."""
    ran = subprocess.run(
        [environment() / "python", script, *arguments],
        input=json.dumps(asked),
        env=QUIET,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert not ran.returncode, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])
