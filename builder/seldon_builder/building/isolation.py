"""Run a program of the build image locked in: no network, limits, and a bounded record of its words."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..base.rootfs import chain_of
from ..base.sandboxes import PROGRAMS, Container, RootNamespaces, Run, Sandbox, UserNamespaces
from ..errors.base import InterpreterFailed
from ..errors.building import BuildImpossible
from ..image import Image
from ..interpreter import SHARED

NO_WAY = "no Docker engine answers, and neither root's namespaces nor a user's are allowed"
_NOBODY = 65534
_KEPT = 1 << 16
_CHUNK = 1 << 13
_LAST_WORDS = 5.0
_LOOK_EVERY = 0.5
# What others on this machine keep of the disk that the store is on, at least; half of what there was if less.
_SPARED = 1 << 30
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^\S\n]*\r(?!\n)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Ran:
    """How a program ended: its status, the end of what it printed, whether its time or the disk was up."""

    status: int
    output: str
    is_overdue: bool = False
    is_filling: bool = False


@dataclass(frozen=True)
class Isolation:
    """The way in which programs of one image are locked in."""

    sandbox: Sandbox

    def run(
        self,
        program: Sequence[str],
        environment: Mapping[str, str],
        shared: Path,
        *,
        seconds: float,
        heard: Callable[[str], None],
    ) -> Ran:
        """Run ``program`` with ``shared`` at SHARED; ``heard`` gets each line that it prints."""
        run = Run(program, environment, shared, name=f"seldon-python-build-{uuid.uuid4().hex[:12]}")
        if isinstance(self.sandbox, Container) and os.geteuid() == 0:
            _give_to_nobody(shared)
        command, variables = self.sandbox.command(run), self.sandbox.environment(run)
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=variables,
            cwd="/",
        )
        assert process.stdout is not None
        words = _Words(process.stdout, heard)
        words.start()
        try:
            is_filling = not _is_left_alone(process, shared, seconds)
            status = process.poll()
        finally:
            if process.poll() is None:
                self._end(process, run)
            words.join(_LAST_WORDS)
        if status is None or is_filling:
            return Ran(-1, words.text, is_overdue=not is_filling, is_filling=is_filling)
        return Ran(status, words.text)

    def _end(self, process: subprocess.Popen[bytes], run: Run) -> None:
        """End all that runs, not only what waits for it here."""
        if isinstance(self.sandbox, Container):
            command = [self.sandbox.docker, "rm", "--force", run.name]
            subprocess.run(command, capture_output=True, check=False)
        # The first process of the namespaces takes all others with it. The signal that unshare orders for it
        # is lost when it changes its user.
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        for child in children.read_text().split() if children.exists() else ():
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        process.kill()
        process.wait()


def isolation_for(image: Image, root: Path, package: str) -> Isolation:
    """Return the first way that this machine allows; BuildImpossible where it allows none."""
    for sandbox in _ways(image, root):
        if sandbox.is_allowed() and _shares(sandbox):
            return Isolation(sandbox)
    hint = "run it as root, allow user namespaces, or start Docker; or name a package that has a wheel"
    raise BuildImpossible(package, NO_WAY, hint=hint, is_general=True)


def _ways(image: Image, root: Path) -> Iterator[Sandbox]:
    docker = shutil.which("docker", path=PROGRAMS) or ""
    # Kept: to import it takes seconds, and who is killed removes nothing.
    yield Container(docker, root, f"seldon-python-build:{chain_of(image).hex[:16]}", is_kept=True)
    yield RootNamespaces(root)
    yield UserNamespaces(root)


def _shares(sandbox: Sandbox) -> bool:
    """Tell whether a folder of this machine can be shared: a Docker engine may run on another one."""
    if not isinstance(sandbox, Container):
        return True
    try:
        run = Run(["test", "-e", f"{SHARED}/etc"], {}, sandbox.root)
        return not subprocess.run(
            sandbox.command(run), env=sandbox.environment(run), capture_output=True, check=False
        ).returncode
    except InterpreterFailed:
        return False


def _is_left_alone(process: subprocess.Popen[bytes], shared: Path, seconds: float) -> bool:
    """Wait for the end, or until the time is up; False at once where the disk runs full."""
    spared = min(_SPARED, shutil.disk_usage(shared).free // 2)
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            process.wait(min(left, _LOOK_EVERY))
        except subprocess.TimeoutExpired:
            if shutil.disk_usage(shared).free < spared:
                return False
        else:
            break
    return True


def _give_to_nobody(folder: Path) -> None:
    """Let nobody own all of ``folder``: links themselves, never what they lead to."""
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(f"{place}/{name}", _NOBODY, _NOBODY, follow_symlinks=False)
    os.chown(folder, _NOBODY, _NOBODY)


class _Words(threading.Thread):
    """Hears what a program prints and keeps the end of it: a build may print without end."""

    def __init__(self, stream: IO[bytes], heard: Callable[[str], None]) -> None:
        super().__init__(daemon=True)
        self._stream, self._heard, self._kept = stream, heard, b""

    def run(self) -> None:
        """Read to the end."""
        with self._stream as stream:
            while data := os.read(stream.fileno(), _CHUNK):
                self._kept = (self._kept + data)[-_KEPT:]
                lines = _plain(data).strip().splitlines()
                if lines:
                    self._heard(lines[-1])

    @property
    def text(self) -> str:
        """What was heard last, as plain text."""
        return _plain(self._kept).strip()


def _plain(data: bytes) -> str:
    """Drop what would move or colour a terminal."""
    return _CONTROL.sub("", data.decode(errors="replace"))
