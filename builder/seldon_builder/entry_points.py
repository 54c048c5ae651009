"""The entry points of what is installed; importlib.metadata knows them too, but costs a warm build 20 ms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from pathlib import Path


@dataclass(frozen=True)
class EntryPoint:
    """A name that stands for ``value``, a module or ``module:attribute``, and the distribution it is from."""

    name: str
    value: str
    distribution: str
    version: str

    def load(self) -> object:
        """Import what the entry point stands for."""
        module, _, attribute = self.value.partition("[")[0].strip().partition(":")
        found = import_module(module.strip())
        return attrgetter(attribute.strip())(found) if attribute else found


def entry_points(group: str, path: Iterable[str]) -> Iterator[EntryPoint]:
    """Yield the entry points of ``group``; a distribution counts where it comes first on ``path``."""
    seen = set[str]()
    for file in (file for place in path for file in sorted(Path(place).glob("*-info/entry_points.txt"))):
        lines = list(_section(file.read_text("utf-8"), group))
        if not lines:
            continue
        distribution, version = _identity(file.parent)
        if distribution not in seen:
            seen.add(distribution)
            for name, value in lines:
                yield EntryPoint(name, value, distribution, version)


def _section(text: str, group: str) -> Iterator[tuple[str, str]]:
    inside = False
    for line in (line.strip() for line in text.splitlines()):
        if line.startswith("["):
            inside = line == f"[{group}]"
        elif inside and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()


def _identity(folder: Path) -> tuple[str, str]:
    """Read name and version from the head of the metadata."""
    about = folder / ("METADATA" if folder.suffix == ".dist-info" else "PKG-INFO")
    head = about.read_text("utf-8").partition("\n\n")[0]
    fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    return fields.get("Name", folder.stem), fields.get("Version", "")
