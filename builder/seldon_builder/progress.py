"""What a person sees while a build works."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

from .events import Event, EventKind

_PLAIN_EVERY = 5.0


def bytes_text(count: int) -> str:
    """Write a number of bytes for people: ``12.3 MB`` (powers of ten)."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


class Progress:
    """Shows events on a stream: one moving line on a terminal, plain lines elsewhere."""

    def __init__(self, stream: TextIO, *, terminal: bool, quiet: bool = False) -> None:
        self._stream, self._terminal, self._quiet = stream, terminal, quiet
        self._began, self._shown, self._moving = time.monotonic(), 0.0, False

    def __call__(self, event: Event) -> None:
        """Show ``event`` if it is worth a line now."""
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
        if self._moving:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
        self._moving = False

    def _progress(self, event: Event) -> None:
        now = time.monotonic()
        if now - self._shown < (0.1 if self._terminal else _PLAIN_EVERY):
            return
        self._shown = now
        amount = bytes_text(event.done) if event.done else ""
        if event.total:
            amount += f" of {bytes_text(event.total)}"
        text = f"{event.phase:<9} {event.message} {amount} [{now - self._began:.1f} s]"
        if not self._terminal:
            self._line(text)
            return
        width = shutil.get_terminal_size().columns - 1
        self._stream.write(f"\r{text[:width]}\x1b[K")
        self._stream.flush()
        self._moving = True

    def _line(self, text: str) -> None:
        self.done()
        self._stream.write(text + "\n")
        self._stream.flush()
