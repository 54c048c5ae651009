"""What can go wrong when an image or a folder is run on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from . import SeldonError


class EngineMissing(SeldonError):
    """Neither Docker nor Podman answers on this machine."""

    exit_code: ClassVar[int] = 76

    def __init__(self, tried: Sequence[str]) -> None:
        found = "; ".join(tried) or "no docker and no podman on the PATH"
        super().__init__(
            f"No container engine can run the image: {found}.",
            hint="start Docker or Podman, or serve the source without any: `seldon-python serve FOLDER`",
        )
        self.tried = tuple(tried)


class ImageRunFailed(SeldonError):
    """The container ended by itself, or never came to be."""

    exit_code: ClassVar[int] = 77

    def __init__(self, image: str, engine: str, status: int, served: bool, hint: str = "") -> None:
        when = "while it served" if served else "before it served"
        super().__init__(
            f"{engine} run {image} ended {when}, with status {status}; its own words are above.",
            hint=hint
            or HINTS.get(status, "docs/errors.md lists the statuses of the server inside the image"),
        )
        self.image, self.engine, self.status = image, engine, status


HINTS = {
    125: "the engine did not start it: its own words say why",
    126: "the image's start command cannot be run: is it an image of this machine's architecture?",
    127: "the image has no such start command: was it built by seldon-python?",
    137: "it was killed, most often for the memory it took: give the engine more",
}


class EnvironmentFailed(SeldonError):
    """The locked packages cannot be installed on this machine."""

    exit_code: ClassVar[int] = 78

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(
            f"Making the environment to serve in failed, {step}: {reason}.",
            hint="an image may still work: seldon-python build, then seldon-python run",
        )
        self.step, self.reason = step, reason


class PythonUnsuitable(SeldonError):
    """The Python of this machine is not one that the model, or its lock, is for."""

    exit_code: ClassVar[int] = 79

    def __init__(self, python: Path, found: str, wanted: str, origin: str = "the lock") -> None:
        super().__init__(
            f"{python} is Python {found or 'of no version that it tells'}; {origin} wants {wanted}.",
            hint="run seldon-python itself with such a Python; or let an image bring its own: "
            "seldon-python build, then seldon-python run",
        )
        self.python, self.found, self.wanted, self.origin = python, found, wanted, origin
