"""The command line: parses, builds values, calls one function, prints."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the arguments name and exit with its code."""
    from .cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
