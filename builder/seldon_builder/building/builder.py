"""Build wheels: from what, with which requirements, and what is known of earlier builds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from ..dependencies.resolver import Resolver
from ..detection import Detection, Requirement
from ..digest import Digest
from ..events import decision, silent
from ..layers.packing import cache_key
from ..lock import Artifact, Lock
from . import shelf
from .build_system import BuildSystem, build_system_of
from .images import BuildImages
from .making import Making
from .material import Material, material_of
from .shelf import Built

SECONDS = 20 * 60.0
# Raise it when the same inputs would lead to another wheel.
FORMAT = "1"
_RECORD = "build-requirements"


@dataclass(frozen=True)
class Builder:
    """Builds wheels for the target of ``images``; ``resolver`` locks what the builds themselves need.

    ``found`` are the wheels of dependencies by what was asked for: one build may resolve several times.
    """

    images: BuildImages
    resolver: Resolver
    seconds: float = SECONDS
    found: dict[str, Path | None] = field(default_factory=dict, compare=False)

    def build(self, requirement: Requirement) -> Path:
        """Return the wheel of the folder or archive ``requirement.build``; else BuildFailed."""
        name = f"{requirement.line} ({requirement.origin})" if requirement.origin else requirement.line
        return self.wheel_of(material_of(requirement.build, name, self.resolver.store))

    def build_archive(self, name: str, version: str, url: str, sha256: Digest) -> Path:
        """Return the wheel of a source archive that an index or a lock names by URL and hash."""
        from .source_archives import fetched_archive

        archive = Artifact(name, version, url, sha256)
        path = fetched_archive(archive, self.resolver.index, self.resolver.store)
        return self.wheel_of(material_of(str(path), f"{name} {version}".strip(), self.resolver.store))

    def wheel_of(self, material: Material) -> Path:
        """Return the wheel of ``material``: the one that was built of the same, else a new one."""
        system = build_system_of(material.pyproject(), material.name)
        built = self._known(material, system) or self._made(material, system)
        if built.without_modules:
            why = "it does not say which of its folders are modules, so only its dependencies are taken"
            self.resolver.emit(decision("lock", f"Not installing {material.name}: {why}"))
        self._refuse_unfit(built.wheel, material)
        return built.wheel

    def locked(self, lines: Sequence[str], material: Material) -> Lock:
        """Lock what a build needs for the build image's Python, as the model's own requirements are."""
        origin = f"needed to build {material.name}"
        wanted = Detection("build", (), "", tuple(Requirement(line, origin) for line in lines))
        return self._build_resolver.resolved(wanted)

    def fetched(self, lock: Lock) -> Lock:
        """Fetch the wheels of a lock of ``locked``."""
        from ..dependencies.fetch import fetch

        return fetch(lock, self.resolver.index, self.resolver.store, self.resolver.emit)

    @cached_property
    def _build_resolver(self) -> Resolver:
        return replace(
            self.resolver,
            target=self.images.build_target, engine="uv", interpreter=None, builder=None, emit=silent,
        )  # fmt: skip

    def _known(self, material: Material, system: BuildSystem) -> Built | None:
        record = self.resolver.store.record(_RECORD, self._asking_key(material))
        if record is None:
            return None
        lock = self.locked((*system.requires, *record["more"]), material)
        return shelf.kept(self.resolver.store, self._key(material, lock))

    def _made(self, material: Material, system: BuildSystem) -> Built:
        store = self.resolver.store
        self.resolver.emit(
            decision("lock", f"Building {material.name}: not built before from what it is now")
        )
        with Making.begun(self, material, system) as making:
            made = making.make()
            more = {"more": [line for line in made.requires if line not in system.requires]}
            key = self._key(material, made.lock)
            built = shelf.keep(store, key, made.wheel, material.name, without_modules=made.without_modules)
        store.keep(_RECORD, self._asking_key(material), more)
        return built

    def _refuse_unfit(self, wheel: Path, material: Material) -> None:
        from .made_wheel import refuse_unfit

        refuse_unfit(wheel, self.images.target, self.images.build_target, material.name)

    def _asking_key(self, material: Material) -> Digest:
        target = self.images.build_target
        return cache_key("asking", FORMAT, material.digest.hex, self.images.identity, target.python)

    def _key(self, material: Material, lock: Lock) -> Digest:
        wheels = sorted(artifact.sha256.hex for artifact in lock.artifacts)
        return cache_key("built", FORMAT, self._asking_key(material).hex, *wheels)
