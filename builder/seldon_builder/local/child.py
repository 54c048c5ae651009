"""A process that runs in the foreground until the user or its own end stops it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

# How long a look at the process may be old.
TICK = 0.1


@contextlib.contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """Let Ctrl-C, SIGTERM and a closed terminal set the event; a second Ctrl-C raises KeyboardInterrupt."""
    stop = threading.Event()

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
