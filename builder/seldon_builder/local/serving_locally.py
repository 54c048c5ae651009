"""Serve a model folder without an image, and again whenever one of its files changes."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import seldon_runtime
from seldon_runtime.errors import (
    ModelNameInvalid,
    ParametersInvalid,
    PortUnavailable,
    RuntimeUnavailable,
    SettingInvalid,
)

from ..errors import SeldonError
from ..events import silent
from ..inputs.source_reading import read_source
from .child import TICK, Child, stop_signals
from .running import SERVER_PORT, Say, answers, how_to_ask

TICKS_BETWEEN_LOOKS = 5
# What no edit of the source mends: waiting for one would wait for ever.
FINAL = tuple(
    error.exit_code
    for error in (ModelNameInvalid, ParametersInvalid, PortUnavailable, SettingInvalid, RuntimeUnavailable)
)


def serve(
    folder: Path, environment: Path, variables: Mapping[str, str], say: Say, *, port: int = SERVER_PORT
) -> int:
    """Serve ``folder`` in ``environment`` until Ctrl-C or SIGTERM; return the exit code.

    ``environment`` is a virtual environment with what the model and the server need; ``variables`` are the
    server's whole environment. A server that ends by itself is started again after the next change, unless
    no change could help: then its exit code is returned.
    """
    command: list[str | Path] = [environment / "bin/python", "-m", "seldon_runtime"]
    watch = _Watch(folder)
    with stop_signals() as stop, _importable_runtime() as path:
        own = _environment(variables, path, port)
        while not stop.is_set():
            child = Child(command, own, folder)
            try:
                code = _attend(child, stop, watch, say, port)
            finally:
                child.stop()
            if code in FINAL:
                return code
    return 0


def _environment(variables: Mapping[str, str], runtime: Path, port: int) -> dict[str, str]:
    users = variables.get("PYTHONPATH", "")
    return {
        **variables,
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": str(port),
        "PYTHONPATH": f"{runtime}:{users}" if users else str(runtime),
        # The model's folder is the author's: no __pycache__ appears in it.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def _importable_runtime() -> Iterator[Path]:
    """Yield a folder that holds a link to the runtime and nothing else of this installation."""
    with tempfile.TemporaryDirectory(prefix="seldon-python-") as place:
        (Path(place) / "seldon_runtime").symlink_to(Path(seldon_runtime.__file__).parent)
        yield Path(place)


def _attend(child: Child, stop: threading.Event, watch: _Watch, say: Say, port: int) -> int:
    """Watch over one run of the server until a change, a signal or an end that is final."""
    serves = ended = False
    ticks = 0
    while not stop.wait(TICK):
        status = child.status
        if status is not None and not ended:
            if status in FINAL:
                return status
            say(f"The server ended with status {status}. It starts again when a file of the source changes.")
            ended = True
        elif status is None and not serves and (serves := answers("localhost", port)):
            say(how_to_ask(f"http://localhost:{port}"))
        ticks += 1
        if ticks % TICKS_BETWEEN_LOOKS == 0 and (name := watch.changed()):
            while watch.changed() and not stop.wait(TICK):
                continue  # somebody is still writing
            say(f"Restarting: {name} changed")
            return 0
    say("Stopping")
    return 0


class _Watch:
    """Remembers how the source looked; its own ignore rules say what takes part."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, tuple[int, int]] = {}
        self._seen = self._look()

    def changed(self) -> str:
        """Return a file that is not as it was at the last look, empty where all are."""
        before = self._seen
        self._seen = self._look()
        different = {*before.items()} ^ {*self._seen.items()}
        return min((path for path, _ in different), default="")

    def _look(self) -> dict[str, tuple[int, int]]:
        try:
            files = read_source(self._folder, silent).files
        except SeldonError:  # half-way through an edit
            return self._seen
        found = {}
        for file in files:
            try:
                state = (self._folder / file.path).lstat()
            except OSError:  # gone between the two looks
                continue
            found[str(file.path)] = (state.st_mtime_ns, state.st_size)
        return found
