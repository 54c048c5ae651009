"""The command line: parses, builds values, calls one function, prints."""

from __future__ import annotations

import gc
import signal
import sys
from types import FrameType

INTERRUPTED = 130
TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a command as gently as Ctrl-C does."""


def main() -> None:
    """Run the command that the arguments name and exit with its code."""
    # Nearly all that a build makes lives to its end: searching it for garbage is a tenth of a warm build.
    gc.set_threshold(100_000)
    try:
        signal.signal(signal.SIGTERM, _terminate)
        from .cli import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt as reason:
        print("\ninterrupted: nothing half-written is used by a later build", file=sys.stderr)  # noqa: T201
        code = TERMINATED if isinstance(reason, Terminated) else INTERRUPTED
    gc.freeze()
    sys.exit(code)


def _terminate(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # as signal wants it
    raise Terminated


if __name__ == "__main__":
    main()
