"""Serve a model folder without an image, and again whenever one of its files changes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import seldon_runtime
from seldon_runtime.errors import (
    ModelNameInvalid,
    ParametersInvalid,
    PortUnavailable,
    RuntimeUnavailable,
    SettingInvalid,
)

from .. import runtimes
from ..errors import SeldonError
from ..events import silent
from ..inputs.project_toml import PROJECT_FILE
from ..inputs.settings_reading import S2I_ENVIRONMENT
from ..inputs.source_reading import read_source
from .child import TICK, Child, Stop, stop_signals
from .reach import Reach, main_port, ports_here, refuse_taken
from .running import Say

TICKS_BETWEEN_LOOKS = 5
AGAIN = "It starts again when a file of the source changes."
# What takes no part in an image and still decides how it is: settings and local wheels.
BESIDE = (S2I_ENVIRONMENT, PROJECT_FILE, "whl", "wheels")
# A setting that is wrong from the start most often came with the command line, which no edit mends.
WRONG_SETTINGS = (ModelNameInvalid, ParametersInvalid, SettingInvalid, RuntimeUnavailable)


@dataclass(frozen=True)
class Prepared:
    """What a server starts with: a virtual environment and its whole set of variables."""

    environment: Path
    variables: Mapping[str, str]

    def reached(self, port: int) -> Reach:
        """Choose the ports that it listens on; ``port`` is for REST."""
        return Reach.of("localhost", ports_here(runtimes.ports(self.variables), port), self.variables)


Prepare = Callable[[], Prepared]
Ready = tuple[Prepared, Reach]


def serve(folder: Path, prepare: Prepare, say: Say, *, port: int = 0, also: Sequence[Path] = ()) -> int:
    """Serve ``folder`` until Ctrl-C or SIGTERM; return the exit code.

    A change of the folder, or of the files and folders ``also``, stops the server, prepares anew and starts
    it: no answer ever comes from a state that is gone. Where that fails, or the server ends by itself, the
    next change is waited for. What fails the very first time, before anything was served, is raised or
    returned, as is a port that is taken.
    """
    watch = _Watch(folder, also)
    ready: Ready | None = _ready(prepare, port)
    final = [error.exit_code for error in (PortUnavailable, *WRONG_SETTINGS)]
    while True:
        with stop_signals() as stop, _started(folder, ready) as child:
            code = _attend(child, ready[1] if ready else None, stop, watch, say, final)
        if code is not None or stop.is_set():
            return code or 0
        ready, final = _again(prepare, port, say), [PortUnavailable.exit_code]


def _ready(prepare: Prepare, port: int) -> Ready:
    prepared = prepare()
    reach = prepared.reached(port)
    if reach.ports:
        refuse_taken(main_port(reach.ports))
    return prepared, reach


def _again(prepare: Prepare, port: int, say: Say) -> Ready | None:
    try:
        return _ready(prepare, port)
    except PortUnavailable:
        raise
    except SeldonError as error:
        say(f"\nerror: {error}\nNothing is served now. {AGAIN}")
        return None


@contextmanager
def _started(folder: Path, ready: Ready | None) -> Iterator[Child | None]:
    """Run the server of what is ready, and end it; nothing where nothing is ready."""
    if ready is None:
        yield None
        return
    prepared, reach = ready
    with _importable_runtime() as path:
        command: list[str | Path] = [prepared.environment / "bin/python", "-m", "seldon_runtime"]
        child = Child(command, _environment(prepared.variables, path, reach), folder)
        try:
            yield child
        finally:
            child.stop()


def _environment(variables: Mapping[str, str], runtime: Path, reach: Reach) -> dict[str, str]:
    users = variables.get("PYTHONPATH", "")
    return {
        **variables,
        **{port.variable: str(port.number) for port in reach.ports},
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


def _attend(
    child: Child | None,
    reach: Reach | None,
    stop: Stop,
    watch: _Watch,
    say: Say,
    final: Sequence[int],
) -> int | None:
    """Watch over one run of the server: None after a change, else the exit code."""
    serves, ended = False, child is None
    ticks = 0
    while not stop.wait(TICK):
        status = child.status if child else None
        if status is not None and not ended:
            if status in final:
                return status
            say(f"The server ended with status {status}. {AGAIN}")
            ended = True
        elif reach and not ended and not serves and (serves := reach.answers):
            say(reach.how_to_ask())
        ticks += 1
        if ticks % TICKS_BETWEEN_LOOKS == 0 and (name := watch.changed()):
            while watch.changed() and not stop.wait(TICK):
                continue  # somebody is still writing
            say(f"Restarting: {name} changed")
            return None
    say("Stopping")
    return 0


class _Watch:
    """Remembers how everything looked that decides what is served; ignore rules say what takes part."""

    def __init__(self, folder: Path, also: Sequence[Path]) -> None:
        self._folder = folder
        self._beside = (*(folder / name for name in BESIDE), *also)
        self._source: list[Path] = []
        self._seen = self._look()

    def changed(self) -> str:
        """Return a file that is not as it was at the last look, empty where all are."""
        before = self._seen
        self._seen = self._look()
        different = {*before.items()} ^ {*self._seen.items()}
        return min((path for path, _ in different), default="")

    def _look(self) -> dict[str, tuple[int, int]]:
        # Not the folders: an editor's swap file changes them, and no answer.
        with suppress(SeldonError):  # of a broken source, what was there before is looked at
            files = read_source(self._folder, silent).files
            self._source = [self._folder / file.path for file in files if not file.is_folder]
        found = {}
        for path in (*self._source, *self._files_beside()):
            with suppress(OSError):  # gone between the two looks
                # A mounted settings folder holds links that stay while what they lead to changes.
                state = path.stat() if path.is_file() else path.lstat()
                found[self._name(path)] = (state.st_mtime_ns, state.st_size)
        return found

    def _files_beside(self) -> Iterator[Path]:
        for place in self._beside:
            with suppress(OSError):
                yield from place.iterdir() if place.is_dir() else (place,)

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._folder) if path.is_relative_to(self._folder) else path)
