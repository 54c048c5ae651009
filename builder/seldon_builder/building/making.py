"""Make one wheel: run the hooks of PEP 517 until they need nothing more, and once more without modules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..events import progress
from ..lock import Lock
from .bench import REQUIRES, WHEEL, Bench, bench
from .build_system import BuildSystem, checked_requirements
from .isolation import Ran, isolation_for
from .made_wheel import checked_name
from .material import ArchiveMaterial, Material
from .reasons import SEVERAL_MODULES, failure

if TYPE_CHECKING:
    from ..base import Base
    from .builder import Builder


@dataclass(frozen=True)
class Made:
    """The wheel as the build left it, what it was built with, and whether its modules were left out."""

    wheel: Path
    lock: Lock
    requires: tuple[str, ...]
    without_modules: bool


class SeveralModules(Exception):
    """Setuptools found several folders that may be modules, and the project names none."""


@dataclass(frozen=True)
class Making:
    """What stays the same over the runs that make one wheel."""

    builder: Builder
    material: Material
    system: BuildSystem
    base: Base
    place: Bench = field(compare=False)

    @classmethod
    @contextmanager
    def begun(cls, builder: Builder, material: Material, system: BuildSystem) -> Iterator[Making]:
        """Prepare the build image and a folder that is gone afterwards."""
        base = builder.images.chosen(material.name)
        isolation = isolation_for(base.image, base.rootfs(), material.name)
        with bench(builder.resolver.store, isolation, material.name) as place:
            yield cls(builder, material, system, base, place)

    def make(self) -> Made:
        """Make the wheel; without any modules where setuptools cannot tell which are meant."""
        try:
            return self._made(without_modules=False)
        except SeveralModules:
            return self._made(without_modules=True)

    def _made(self, *, without_modules: bool) -> Made:
        known = self.system.requires
        while True:
            lock = self.builder.fetched(self.builder.locked(known, self.material))
            ran = self._run(known, lock, without_modules=without_modules)
            more = [line for line in self._wanted(ran) if line not in known]
            if not more:
                return Made(self._wheel(ran), lock, known, without_modules)
            known = (*known, *more)

    def _run(self, known: tuple[str, ...], lock: Lock, *, without_modules: bool) -> Ran:
        store, name = self.builder.resolver.store, self.material.name
        seconds = self.builder.seconds
        self.place.prepare(self.material, self.system, known, seconds, without_modules=without_modules)
        self.place.install(lock, self.base.target, store)

        def heard(line: str) -> None:
            self.builder.resolver.emit(progress("lock", f"Building {name}: {line[:60]}"))

        return self.place.run(seconds, heard)

    def _wanted(self, ran: Ran) -> tuple[str, ...]:
        answer = self.place.answer(REQUIRES)
        if not isinstance(answer, list):
            raise self._failure(ran)
        return checked_requirements(answer, self.material.name, "its backend")

    def _wheel(self, ran: Ran) -> Path:
        answer = self.place.answer(WHEEL)
        if not isinstance(answer, str) or ran.status or ran.is_overdue:
            raise self._failure(ran)
        return self.place.wheel(checked_name(answer, self.material.name))

    def _failure(self, ran: Ran) -> Exception:
        if self.system.is_setuptools and SEVERAL_MODULES.search(ran.output):
            return SeveralModules()
        return failure(
            self.material.name,
            ran,
            self.builder.seconds,
            is_archive=isinstance(self.material, ArchiveMaterial),
        )
