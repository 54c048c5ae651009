"""What a person sees while a build works."""

from __future__ import annotations

import shutil
import threading
import time
from typing import TextIO

from .events import Event, EventKind
from .plain_text import plain

_PLAIN_EVERY = 5.0
_PLAIN_HEARTBEAT = 15.0
_TICK = 0.25


def bytes_text(count: int) -> str:
    """Write a number of bytes for people: ``12.3 MB`` (powers of ten)."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


class Progress:
    """Shows events on a stream: one moving line on a terminal, plain lines elsewhere.

    Events may come from any thread. The moving line's clock goes on between them.
    """

    def __init__(self, stream: TextIO, *, terminal: bool, quiet: bool = False) -> None:
        self._stream, self._terminal, self._quiet = stream, terminal, quiet
        self._began, self._shown, self._moving = time.monotonic(), 0.0, ""
        self._lock, self._over = threading.RLock(), threading.Event()
        self._ticking = False

    def __call__(self, event: Event) -> None:
        """Show ``event`` if it is worth a line now."""
        with self._lock:
            if event.kind is EventKind.WARNING:
                self._line(f"warning: {event.message}")
            elif self._quiet or event.kind is EventKind.ENDED:
                return
            elif event.kind is EventKind.PROGRESS:
                self._progress(event)
            else:
                self._line(f"{event.phase:<9} {event.message}")

    def done(self) -> None:
        """Clear the moving line: nothing more comes."""
        self._over.set()
        with self._lock:
            self._clear()

    def _progress(self, event: Event) -> None:
        amount = bytes_text(event.done) if event.done or event.total else ""
        if event.total:
            amount += f" of {bytes_text(event.total)}"
        self._moving = plain(f"{event.phase:<9} {event.message} {amount}".rstrip())
        if not self._ticking:
            self._ticking = True
            threading.Thread(target=self._tick, daemon=True).start()
        if not self._terminal:
            self._plain(_PLAIN_EVERY)

    @property
    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:.1f} s"

    def _tick(self) -> None:
        while not self._over.wait(_TICK):
            with self._lock:
                if self._moving and self._terminal:
                    room = shutil.get_terminal_size().columns - len(self._elapsed) - 4
                    self._stream.write(f"\r{self._moving[:room]} [{self._elapsed}]\x1b[K")
                    self._stream.flush()
                elif self._moving:
                    self._plain(_PLAIN_HEARTBEAT)

    def _plain(self, every: float) -> None:
        """Write a plain line of what moves, unless one was written less than ``every`` seconds ago."""
        if time.monotonic() - self._shown >= every:
            self._shown = time.monotonic()
            self._stream.write(f"{self._moving} [{self._elapsed}]\n")
            self._stream.flush()

    def _line(self, text: str) -> None:
        self._clear()
        self._stream.write(plain(text) + "\n")
        self._stream.flush()

    def _clear(self) -> None:
        if self._moving and self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
        self._moving = ""
