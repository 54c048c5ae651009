"""The command line: parses, builds values, calls one function, prints."""

from __future__ import annotations

import gc
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command that the arguments name and exit with its code."""
    # Nearly all that a build makes lives to its end: searching it for garbage is a tenth of a warm build.
    gc.set_threshold(100_000)
    try:
        from .cli import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        print("\ninterrupted: nothing half-written is used by a later build", file=sys.stderr)  # noqa: T201
        code = INTERRUPTED
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
