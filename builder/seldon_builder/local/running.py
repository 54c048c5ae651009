"""Run an image with the container engine of this machine."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..errors.running import EngineMissing, ImageRunFailed
from .child import TICK, Child, stop_signals

ENGINES = ("docker", "podman")
SERVER_PORT = 9000
# The status with which docker and podman say that they failed, and not the container.
NOT_STARTED = 125
Say = Callable[[str], None]


@dataclass(frozen=True)
class Engine:
    """A container engine that answers: its program, and the host where its ports appear."""

    program: Path
    environment: Mapping[str, str]

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.program.name

    @property
    def host(self) -> str:
        """The host to ask: another machine where DOCKER_HOST names one."""
        return urlsplit(self.environment.get("DOCKER_HOST", "")).hostname or "localhost"

    def published(self, port: int) -> str:
        """Return the mapping of ``port``: to this machine alone, unless the engine is elsewhere."""
        address = "127.0.0.1:" if self.host == "localhost" else ""
        return f"{address}{port}:{SERVER_PORT}"


def run_image(
    image: str, environment: Mapping[str, str], say: Say, *, port: int = SERVER_PORT, engine: str = ""
) -> None:
    """Run ``image`` in the foreground until Ctrl-C or SIGTERM, which stop it as gently as it stops.

    ``environment`` is the caller's: PATH finds the engine, DOCKER_HOST and the like say where it listens.
    ``engine`` is "docker", "podman" or a path, empty for the first that answers. ImageRunFailed where the
    container ends by itself.
    """
    chosen = find_engine(environment, engine)
    name = f"seldon-python-{secrets.token_hex(4)}"
    command: list[str | Path] = [
        chosen.program,
        "run",
        "--rm",
        "--name",
        name,
        "--publish",
        chosen.published(port),
        image,
    ]
    url = f"http://{chosen.host}:{port}"
    with stop_signals() as stop:
        say(f"Running {image} with {chosen.name}")
        child, serves = Child(command, environment), False
        try:
            while child.status is None and not stop.wait(TICK):
                if not serves and (serves := answers(chosen.host, port)):
                    say(how_to_ask(url))
            if child.status is None:
                say("Stopping")
                child.stop()
        except KeyboardInterrupt:
            _quiet([chosen.program, "kill", name], environment)
            raise
    if child.status and not stop.is_set():
        hint = _why_not_started(chosen, image, port) if child.status == NOT_STARTED else ""
        raise ImageRunFailed(image, chosen.name, child.status, serves, hint)


def _why_not_started(engine: Engine, image: str, port: int) -> str:
    """Look for the reason why the engine started nothing; empty where none is found."""
    if _quiet([engine.program, "image", "inspect", image], engine.environment).returncode:
        return (
            f"{engine.name} has no image {image}: build it first (`seldon-python build FOLDER {image}`), "
            f"or pull it (`{engine.name} pull {image}`)"
        )
    try:
        with socket.create_connection((engine.host, port), timeout=1):
            return f"something else listens on port {port}: choose another one with --port"
    except OSError:
        return ""


def find_engine(environment: Mapping[str, str], wanted: str = "") -> Engine:
    """Return the first engine that answers; EngineMissing says how each one failed."""
    tried = []
    for name in (wanted,) if wanted else ENGINES:
        program = shutil.which(name, path=environment.get("PATH", ""))
        if program:
            answer = _quiet([Path(program), "version"], environment)
            if not answer.returncode:
                return Engine(Path(program), environment)
            tried.append(f"{name} does not answer ({_last_line(answer.stderr)})")
        elif wanted:
            tried.append(f"there is no {name} on the PATH")
    raise EngineMissing(tried)


def _quiet(command: list[Path | str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _last_line(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "it said nothing").rstrip(".")


def answers(host: str, port: int) -> bool:
    """Tell whether a model is being served there."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/health/ping")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def how_to_ask(url: str) -> str:
    """Return the line that tells where the model is, and a command that asks it."""
    return "\n".join(_asking(url))


def _asking(url: str) -> Iterator[str]:
    yield f"Serving at {url} (Ctrl-C stops it). Ask it:"
    yield (
        f"  curl -s {url}/api/v1.0/predictions -H 'Content-Type: application/json' "
        '-d \'{"data":{"ndarray":[[1,2,3,4]]}}\''
    )
