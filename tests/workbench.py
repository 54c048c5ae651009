"""Builds of wheels for tests: the real build image, made once, and projects of a few lines."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seldon_builder.base import default_base
from seldon_builder.base.debian import host_architecture
from seldon_builder.building.builder import SECONDS, Builder
from seldon_builder.building.images import BuildImages
from seldon_builder.dependencies.resolver import Resolver
from seldon_builder.detection import Requirement
from seldon_builder.events import Event, EventKind, silent
from seldon_builder.package_index import PackageIndex
from seldon_builder.plugins import load_plugins
from seldon_builder.store import Store

# setuptools, as every version of it is: what it builds with is locked like everything else.
SETUP = "from setuptools import setup\nsetup(name='churn', version='1.0', py_modules=['churn'])\n"


@dataclass
class Workbench:
    """A builder whose images come from one store and whose wheels go to another."""

    images: Store
    store: Store
    index: PackageIndex = field(default_factory=PackageIndex)
    seconds: float = SECONDS
    heard: list[Event] = field(default_factory=list)

    @property
    def said(self) -> str:
        """The decisions and warnings of all builds."""
        return "\n".join(event.message for event in self.heard if event.kind is not EventKind.PROGRESS)

    def builder(self) -> Builder:
        run = default_base("trixie", host_architecture(), self.images, silent)
        emit = self.heard.append
        resolver = Resolver(run.target, self.index, "uv", load_plugins().hook, self.store, emit)
        return Builder(BuildImages(run.target, run, self.images, emit), resolver, self.seconds)

    def build(self, place: Path, name: str = "churn") -> Path:
        return self.builder().build(Requirement(name, "requirements.txt:1", build=str(place)))


def project(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a project's files."""
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def sdist(folder: Path, name: str, version: str, files: Mapping[str, str]) -> Path:
    """Write a real source archive."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}.tar.gz"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with tarfile.open(path, "w:gz") as archive:
        for member, text in {"PKG-INFO": metadata, **files}.items():
            info = tarfile.TarInfo(f"{name}-{version}/{member}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return path
