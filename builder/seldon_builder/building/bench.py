"""The folder in which one wheel is built: what the build sees of it, and what it leaves there."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from ..base.rootfs import remove
from ..base.sandboxes import PROGRAMS
from ..errors.building import BuildFailed
from ..image import EPOCH
from ..interpreter import SHARED
from ..lock import Lock
from ..store import Store
from ..target import Target
from .build_system import BuildSystem
from .environment import lay_environment
from .isolation import Isolation, Ran
from .material import Material

FOLDER = "building"
REQUIRES, WHEEL = "requires", "wheel"
_ANSWER_AT_MOST = 1 << 20
_ENVIRONMENT = {
    "HOME": f"{SHARED}/home",
    "LC_ALL": "C.UTF-8",
    "PATH": f"{SHARED}/env/bin:{PROGRAMS}",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    "SOURCE_DATE_EPOCH": str(EPOCH),
    "TMPDIR": f"{SHARED}/tmp",  # noqa: S108  # the build's own
    "TZ": "UTC",
}


@dataclass(frozen=True)
class Bench:
    """A folder with the source, the environment and the place of the result; ``package`` is for messages."""

    folder: Path
    isolation: Isolation
    package: str

    def prepare(
        self, material: Material, system: BuildSystem, known: Sequence[str], *, without_modules: bool
    ) -> None:
        """Lay out source and job anew: a build leaves traces in its source. Its answers stay."""
        for name in ("source", "home", "tmp"):
            remove(self.folder / name)
            (self.folder / name).mkdir()
        (self.folder / "out").mkdir(exist_ok=True)
        material.lay(self.folder / "source")
        job = {
            "backend": system.backend,
            "backend_path": list(system.backend_path),
            "known": list(known),
            "without_modules": without_modules,
        }
        (self.folder / "job.json").write_text(json.dumps(job))
        worker = resources.files(__package__ or "").joinpath("worker.py").read_text()
        (self.folder / "worker.py").write_text(worker)

    def install(self, lock: Lock, target: Target, store: Store) -> None:
        """Lay out the environment anew: the wheels of ``lock`` for the Python of the build image."""
        remove(self.folder / "env")
        lay_environment(self.folder / "env", f"{SHARED}/env", lock, target, store)

    def run(self, seconds: float, heard: Callable[[str], None]) -> Ran:
        """Run the hooks that have not answered yet."""
        program = [f"{SHARED}/env/bin/python", "-s", f"{SHARED}/worker.py"]
        return self.isolation.run(program, _ENVIRONMENT, self.folder, seconds=seconds, heard=heard)

    def answer(self, hook: str) -> Any:
        """Return what a hook answered, None where it did not."""
        try:
            with self._opened(f"{hook}.json") as file:
                return json.loads(file.read(_ANSWER_AT_MOST))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise BuildFailed(self.package, f"its answer to {hook} cannot be read ({error})") from error

    def wheel(self, name: str) -> Path:
        """Return the wheel of this name; BuildFailed where that is no file."""
        try:
            self._opened(name).close()
        except OSError as error:
            raise BuildFailed(self.package, f"it made no {name[:80]!r} ({error.strerror})") from error
        return self.folder / "out" / name

    def _opened(self, name: str) -> Any:
        """Open a file of the results; links could lead to what only this machine may read."""
        folder = os.open(self.folder / "out", os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        finally:
            os.close(folder)
        return open(file, "rb")  # noqa: PTH123  # a Path cannot open what is open


@contextmanager
def bench(store: Store, isolation: Isolation, package: str) -> Iterator[Bench]:
    """Make a bench that is gone afterwards, whatever modes its build left behind."""
    place = store.root / FOLDER
    place.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=place, prefix="run-"))
    try:
        yield Bench(folder, isolation, package)
    finally:
        remove(folder)
