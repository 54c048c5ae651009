"""A process that runs in the foreground until the user or its own end stops it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

# How long a look at the process may be old.
TICK = 0.1


class Stop:
    """Whether somebody asked to stop.

    No threading.Event: a signal that comes while its lock is taken for a wait would wait for itself.
    """

    def __init__(self) -> None:
        self._asked = False

    def set(self) -> None:
        """Ask to stop."""
        self._asked = True

    def is_set(self) -> bool:
        """Tell whether somebody asked."""
        return self._asked

    def wait(self, seconds: float) -> bool:
        """Wait, unless somebody asked, and tell whether somebody did."""
        if not self._asked:
            time.sleep(seconds)
        return self._asked


@contextlib.contextmanager
def stop_signals() -> Iterator[Stop]:
    """Let Ctrl-C, SIGTERM and a closed terminal ask to stop; a second Ctrl-C raises KeyboardInterrupt."""
    stop = Stop()

    def ask(number: int, _frame: object) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Child:
    """A started process, with the terminal's output but not its Ctrl-C: that comes to us, once."""

    def __init__(
        self, command: Sequence[str | Path], environment: Mapping[str, str], folder: Path | None = None
    ) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def status(self) -> int | None:
        """The exit status as a shell tells it, None while the process runs."""
        code = self._process.poll()
        return 128 - code if code is not None and code < 0 else code

    def stop(self) -> int:
        """Ask the process to end and wait until it did; an interruption kills it."""
        try:
            self._process.terminate()
            return self._process.wait()
        except KeyboardInterrupt:
            self._process.kill()
            self._process.wait()
            raise
