"""Run an image with the container engine of this machine."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from seldon_runtime.rest.plugin import PORTS
from seldon_runtime.runtime import Port

from .. import runtimes
from ..errors.running import EngineMissing, ImageRunFailed
from .child import TICK, Child, stop_signals
from .reach import Reach, main_port, ports_here

ENGINES = ("docker", "podman")
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

    @property
    def is_elsewhere(self) -> bool:
        """Whether its ports are another machine's."""
        return self.host != "localhost"

    def published(self, port: int, inside: int) -> str:
        """Return the mapping of ``port``: to this machine alone, unless the engine is elsewhere."""
        address = "" if self.is_elsewhere else "127.0.0.1:"
        return f"{address}{port}:{inside}"


def run_image(
    image: str, environment: Mapping[str, str], say: Say, *, port: int = 0, engine: str = ""
) -> None:
    """Run ``image`` in the foreground until Ctrl-C or SIGTERM, which stop it as gently as it stops.

    ``environment`` is the caller's: PATH finds the engine, DOCKER_HOST and the like say where it listens.
    ``port`` is this machine's for REST; ``engine`` is "docker", "podman" or a path, empty for the first that
    answers. ImageRunFailed where the container ends by itself.
    """
    chosen = find_engine(environment, engine)
    name = f"seldon-python-{secrets.token_hex(4)}"
    inside, variables = _listening(chosen, image)
    reach = Reach.of(chosen.host, ports_here(inside, port, elsewhere=chosen.is_elsewhere), variables)
    command: list[str | Path] = [chosen.program, "run", "--rm", "--name", name]
    for here, there in zip(reach.ports, inside, strict=True):
        command += ["--publish", chosen.published(here.number, there.number)]
    with stop_signals() as stop:
        say(f"Running {image} with {chosen.name}")
        child, serves = Child([*command, image], environment), False
        try:
            while child.status is None and not stop.wait(TICK):
                if not serves and (serves := reach.answers):
                    say(reach.how_to_ask())
            if child.status is None:
                say("Stopping")
                child.stop()
        except KeyboardInterrupt:
            _quiet([chosen.program, "kill", name], environment)
            raise
    if child.status and not stop.is_set():
        hint = _why_not_started(chosen, image, reach.ports) if child.status == NOT_STARTED else ""
        raise ImageRunFailed(image, chosen.name, child.status, serves, hint)


def _listening(engine: Engine, image: str) -> tuple[Sequence[Port], Mapping[str, str]]:
    """Return where ``image`` listens, and its variables; REST alone where it is not ours or not here yet."""
    asked: list[Path | str] = [engine.program, "image", "inspect", "--format", "{{json .Config}}", image]
    config = _quiet(asked, engine.environment).stdout.strip()
    found = json.loads(config or "null") or {}
    variables = dict(pair.split("=", 1) for pair in found.get("Env") or () if "=" in pair)
    exposed = found.get("ExposedPorts") or {}
    ports = [port for port in runtimes.ports(variables) if f"{port.number}/tcp" in exposed]
    return ports or PORTS, variables


def _why_not_started(engine: Engine, image: str, ports: Sequence[Port]) -> str:
    """Look for the reason why the engine started nothing; empty where none is found."""
    if _quiet([engine.program, "image", "inspect", image], engine.environment).returncode:
        return (
            f"{engine.name} has no image {image}: build it first (`seldon-python build FOLDER {image}`), "
            f"or pull it (`{engine.name} pull {image}`)"
        )
    # The others were free when they were chosen, and the engine may have begun to listen on them.
    wanted = main_port(ports).number
    taken = _is_taken(engine.host, wanted)
    return f"something else listens on port {wanted}: choose another one with --port" if taken else ""


def _is_taken(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


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
