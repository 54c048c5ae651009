"""The image in which wheels for a target are built."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from .. import base
from ..base.choice import SUITES
from ..base.debian import host_architecture
from ..base.rootfs import chain_of
from ..errors.building import OWN_WHEEL, BuildImpossible, BuildPythonDiffers
from ..events import Emit
from ..secret import Secret
from ..store import Store
from ..target import Target

_GLIBC = {"trixie": "2.41", "bookworm": "2.36"}


@dataclass(frozen=True)
class BuildImages:
    """Chooses the build image for ``target``: ours of the same Python, else the run image itself.

    ``run`` is the base that wheels are for, None where a model is served without one.
    """

    target: Target
    run: base.Base | None
    store: Store
    emit: Emit = field(compare=False)
    mirror: str = ""
    offline: bool = False
    proxies: tuple[tuple[str, Secret], ...] = ()

    @property
    def suite(self) -> str:
        """The Debian suite with the target's Python, "" where none has it."""
        return next((suite for suite, python in SUITES.items() if python == self.target.python), "")

    @property
    def identity(self) -> str:
        """What wheels that are built in it are filed under; asking for it makes no image."""
        if self.suite:
            return f"{self.suite}/{host_architecture()}"
        return str(chain_of(self.run.image)) if self.run else ""

    def chosen(self, package: str) -> base.Base:
        """Return the image, made where it is not in the store; BuildImpossible where there is none."""
        if not self.suite:
            return self._run_image(package)
        found = self._ours
        if found.target.python != self.target.python:
            run = self.run.name if self.run else "this machine"
            raise BuildPythonDiffers(found.name, found.target.python_version, run, self.target.python_version)
        return found

    @property
    def build_target(self) -> Target:
        """What the image's programs are for, by all that locks depend on; known without making the image."""
        if not self.suite:
            return self.target
        return replace(self.target, architecture=host_architecture(), glibc=_GLIBC[self.suite])

    @cached_property
    def _ours(self) -> base.Base:
        return base.default_base(
            self.suite, host_architecture(), self.store, self.emit,
            kind="build", mirror=self.mirror, offline=self.offline, proxies=self.proxies,
        )  # fmt: skip

    def _run_image(self, package: str) -> base.Base:
        if self.run and self.run.target.architecture == host_architecture():
            return self.run
        offered = ", ".join(sorted(SUITES.values()))
        where = f" on {self.target.platform}" if self.run else ""
        raise BuildImpossible(
            package,
            f"there is no build image with Python {self.target.python}{where}",
            hint=f"take one of Python {offered} (--python), or {OWN_WHEEL}",
            is_general=True,
        )
