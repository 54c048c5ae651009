"""The folder in which one wheel is built: what the build sees of it, and what it leaves there."""

from __future__ import annotations

import errno
import json
import os
import stat
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
        self,
        material: Material,
        system: BuildSystem,
        known: Sequence[str],
        seconds: float,
        *,
        without_modules: bool,
    ) -> None:
        """Lay out source and job anew: a build leaves traces in its source. Its answers stay."""
        out = self.folder / "out"
        # The folder was the build's to change: through a link that it left, what follows would be written
        # to files of this machine.
        for place in self.folder.iterdir():
            if place != out or place.is_symlink():
                remove(place)
        for name in ("source", "home", "tmp"):
            (self.folder / name).mkdir()
        out.mkdir(exist_ok=True)
        material.lay(self.folder / "source")
        job = {
            "backend": system.backend,
            "backend_path": list(system.backend_path),
            "known": list(known),
            "without_modules": without_modules,
            "seconds": seconds,
        }
        (self.folder / "job.json").write_text(json.dumps(job))
        worker = resources.files(__package__ or "").joinpath("worker.py").read_text()
        (self.folder / "worker.py").write_text(worker)

    def install(self, lock: Lock, target: Target, store: Store) -> None:
        """Lay out the environment: the wheels of ``lock`` for the Python of the build image."""
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
            with self._opened(name):
                return self.folder / "out" / name
        except OSError as error:
            raise BuildFailed(self.package, f"it made no {name[:80]!r} ({error.strerror})") from error

    def _opened(self, name: str) -> Any:
        """Open a file of the results: a link could lead to what is this machine's, a pipe has no end."""
        folder = os.open(self.folder / "out", os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        finally:
            os.close(folder)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise OSError(errno.EINVAL, "it is no file", name)
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
