"""The tools that write lock files, each in an environment of its own, on an index of hand-made wheels."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import uv

PLACE = Path(sys.prefix, "lockers")
# What is installed for each tool: releases that go together, so that no later one changes what is tested.
TOOLS = {
    "poetry": ("poetry==2.5.1", "poetry-plugin-export==1.10.1"),
    "poetry1": ("poetry==1.8.5", "poetry-plugin-export==1.8.0"),
    "pdm": ("pdm==2.22.4", "unearth<0.18", "hishel<0.1"),
    "pipenv": ("pipenv==2026.10.3",),
}


@dataclass(frozen=True)
class Locker:
    """One tool and the home that it works in."""

    program: Path
    home: Path

    def __call__(self, folder: Path, *arguments: str) -> str:
        """Run the tool in ``folder`` and return what it prints."""
        environment = {
            "HOME": str(self.home),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PDM_CHECK_UPDATE": "0",
            "PDM_USE_VENV": "0",
            "PIPENV_IGNORE_VIRTUALENVS": "1",
            "PIPENV_PYTHON": sys.executable,
            "PIPENV_NOSPIN": "1",
        }
        done = subprocess.run(
            [self.program, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
            text=True,
        )
        assert not done.returncode, f"{self.program.name} {arguments}: {done.stdout}{done.stderr}"
        return done.stdout


def locker(name: str, home: Path) -> Locker:
    """Install the tool ``name``, once per machine, and return it; "uv" is there already."""
    home.mkdir(parents=True, exist_ok=True)
    if name == "uv":
        return Locker(Path(uv.find_uv_bin()), home)
    program = PLACE / name / "bin" / name.rstrip("1")
    PLACE.mkdir(exist_ok=True)
    with (PLACE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (PLACE / f"{name}.ready").exists():
            _install(name)
            (PLACE / f"{name}.ready").write_text("\n".join(TOOLS[name]))
    return Locker(program, home)


def _install(name: str) -> None:
    place = str(PLACE / name)
    for command in (
        ("venv", "--quiet", "--seed", "--clear", "--python", sys.executable, place),
        ("pip", "install", "--quiet", "--python", f"{place}/bin/python", *TOOLS[name]),
    ):
        subprocess.run([uv.find_uv_bin(), *command], check=True, env=dict(os.environ))
