"""What can go wrong while a wheel is built."""

from __future__ import annotations

from typing import ClassVar

from . import SeldonError

OWN_WHEEL = (
    "build its wheel yourself (`pip wheel --no-deps ...` on a machine like the target) and put it into "
    "wheels/ beside the model"
)


class BuildFailed(SeldonError):
    """A package's own build code failed; ``output`` is the end of what it printed."""

    exit_code: ClassVar[int] = 90

    def __init__(self, package: str, reason: str, output: str = "", *, hint: str = "") -> None:
        lines = "".join(f"\n  {line}" for line in output.splitlines())
        super().__init__(
            f"Building {package} failed: {reason}.{lines}",
            hint=hint or f"correct it; or {OWN_WHEEL}",
        )
        self.package = package
        self.reason = reason
        self.output = output


class BuildImpossible(SeldonError):
    """A wheel must be built, and this machine cannot do that for the target."""

    exit_code: ClassVar[int] = 91

    def __init__(self, package: str, reason: str, *, hint: str = "", is_general: bool = False) -> None:
        """``is_general`` tells that nothing can be built, whatever the package."""
        super().__init__(f"{package} cannot be built here: {reason}.", hint=hint or OWN_WHEEL)
        self.package = package
        self.reason = reason
        self.is_general = is_general


class BuildPythonDiffers(SeldonError):
    """The image that wheels are built in has another Python than the one they are for."""

    exit_code: ClassVar[int] = 92

    def __init__(self, build: str, build_python: str, run: str, run_python: str) -> None:
        super().__init__(
            f"The build image {build} has Python {build_python}, but {run} has {run_python}.",
            hint="make both of the same packages: `seldon-python base create NAME --force`, once with "
            "--kind build and once with --kind run",
        )
        self.build_python = build_python
        self.run_python = run_python
