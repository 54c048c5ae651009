"""What runs where wheels are built: its text is sent, nothing of ours is importable there.

Without an argument it runs the two hooks of PEP 517, each in a process of its own, and writes what they
answered below OUT; with the name of a hook it is that process. What comes out is believed by nobody.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

PLACE = Path("/mnt/seldon")
OUT, SOURCE = PLACE / "out", PLACE / "source"
REQUIRES, WHEEL = "requires", "wheel"
GRACE = 30.0


def main() -> None:
    """Ask for the requirements; build where they are all there."""
    os.umask(0o022)
    asked = json.loads((PLACE / "job.json").read_text())
    if len(sys.argv) > 1:
        run_hook(sys.argv[1], asked)
        return
    end_after(asked["seconds"] + GRACE)
    if not place_of(REQUIRES).exists():
        run_child(REQUIRES)
    if set(json.loads(place_of(REQUIRES).read_text())) <= set(asked["known"]):
        run_child(WHEEL)


def end_after(seconds: float) -> None:
    """End in time, and all else with it: whoever watches from outside may have been killed."""
    signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
    signal.setitimer(signal.ITIMER_REAL, seconds)


def place_of(hook: str) -> Path:
    """Return where a hook's answer stands."""
    return OUT / f"{hook}.json"


def run_child(hook: str) -> None:
    """Run a hook to its end; one that leaves no answer, with whatever status, has failed."""
    status = subprocess.call([sys.executable, "-s", __file__, hook])
    if status or not place_of(hook).exists():
        sys.exit(128 - status if status < 0 else status)


def run_hook(hook: str, asked: "dict[str, Any]") -> None:
    """Call the backend and write down its answer."""
    os.chdir(SOURCE)
    # The folder of this file is no place to import from.
    sys.path[0:1] = [os.path.normpath(SOURCE / path) for path in asked["backend_path"]]
    backend = load(asked["backend"])
    if asked["without_modules"]:
        name_no_modules()
    if hook == REQUIRES:
        ask = getattr(backend, "get_requires_for_build_wheel", None)
        answer: Any = [str(line) for line in ask({})] if ask else []
    else:
        answer = str(backend.build_wheel(str(OUT), {}, None))
    # An answer that is half written is none.
    partial = OUT / f"{hook}.partial"
    partial.write_text(json.dumps(answer))
    partial.rename(place_of(hook))


def load(name: str) -> Any:
    """Import the backend: a module, and what of it after a colon."""
    module, _, attributes = name.partition(":")
    found: Any = importlib.import_module(module)
    for attribute in filter(None, attributes.split(".")):
        found = getattr(found, attribute)
    return found


def name_no_modules() -> None:
    """Let setuptools look for no modules where the project names none."""
    distribution = importlib.import_module("setuptools.dist").Distribution
    initialise = distribution.__init__

    def with_no_modules(self: Any, attrs: "dict[str, Any] | None" = None) -> None:
        initialise(self, {"py_modules": [], **(attrs or {})})

    distribution.__init__ = with_no_modules


if __name__ == "__main__":
    main()
