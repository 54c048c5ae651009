"""One environment per side, made once and kept: nobody's requirements touch another's."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from seldon_runtime import plugins

PYTHON = "3.11"


@dataclass(frozen=True)
class Environment:
    """A name, the Python, and what is installed."""

    name: str
    requirements: tuple[str, ...]
    python: str = PYTHON

    @property
    def folder(self) -> Path:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "seldon-python" / "benchmarks" / f"{self.name}-{self.python}"

    def make(self) -> None:
        """Install what is not there yet; what is there already stays at its version."""
        stamp, wanted = self.folder / "requirements.txt", "\n".join(self.requirements) + "\n"
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        print(f"making the environment {self.folder}", file=sys.stderr, flush=True)
        python = self.folder / "bin" / "python"
        if not python.exists():
            _uv("venv", "--quiet", "--python", _interpreter(self.python), str(self.folder))
        # Copies: pages of a file that other environments link to count as shared with whoever runs in them.
        link = ("--link-mode", "copy")
        _uv(
            "pip",
            "install",
            "--quiet",
            *link,
            "--compile-bytecode",
            "--python",
            str(python),
            *self.requirements,
        )
        stamp.write_text(wanted)

    def versions(self) -> list[str]:
        """Return what is installed, at which version."""
        return _uv("pip", "freeze", "--python", str(self.folder / "bin" / "python")).splitlines()


def ours() -> Environment:
    """Return what an image of ours has: every runtime's requirements, at their newest."""
    return Environment("ours", plugins.requirements())


def _uv(*arguments: str) -> str:
    beside = Path(sys.executable).parent / "uv"
    command = (str(beside) if beside.exists() else "uv", *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def _interpreter(version: str) -> str:
    """Return an interpreter that uv does not find by itself, else the version for it to find."""
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = sorted(versions.glob(f"{version}.*/bin/python"))
    return str(found[-1]) if found else version
