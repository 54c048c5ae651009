"""What an environment of conda asks for, once it was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from seldon_builder.digest import Digest
from seldon_builder.target import Target

SUBDIRS = {"amd64": "linux-64", "arm64": "linux-aarch64"}
# The words of conda-lock's selectors (``# [linux64]``), and where each holds.
SELECTORS = {
    "linux": ("linux-64", "linux-aarch64"),
    "unix": ("linux-64", "linux-aarch64"),
    "linux64": ("linux-64",),
    "aarch64": ("linux-aarch64",),
    **dict.fromkeys(("ppc64le", "osx", "osx64", "arm64", "win", "win64"), ()),
}


@dataclass(frozen=True)
class Channel:
    """A channel: its name as it was written, and its URL (no user, no token); "" for the default host.

    ``folder`` is the path of one inside the source, which is elsewhere on every machine.
    """

    name: str
    url: str = ""
    folder: str = ""

    @property
    def place(self) -> str:
        """What stands for the channel in whatever must be the same on every machine."""
        return self.folder or self.url or self.name


@dataclass(frozen=True)
class Spec:
    """What is asked of one package, in conda's spelling; ``channel`` is where it has to come from.

    ``origin`` is ``file:line``; ``selector`` the word of a selector that limits it to some platforms.
    """

    text: str
    origin: str
    channel: Channel | None = None
    selector: str = ""

    @property
    def name(self) -> str:
        """The package's name."""
        return name_of(self.text)

    def holds_on(self, subdir: str) -> bool:
        """Tell whether the spec counts for a platform (``linux-64``)."""
        return not self.selector or subdir in SELECTORS[self.selector]

    def __str__(self) -> str:
        selector = f" [{self.selector}]" if self.selector else ""
        channel = f"{self.channel.place}::" if self.channel else ""
        return f"{channel}{self.text}{selector}"


@dataclass(frozen=True)
class WrittenLock:
    """A lock or list in the source: its file, what that holds, and for which subdir ("" for any)."""

    path: str
    digest: Digest
    subdir: str = ""
    content: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True)
class Environment:
    """Everything conda's side of a lock depends on; ``str`` of it is what a lock is filed under.

    ``virtual`` are versions of virtual packages that the user set (``__cuda``); ``categories`` those of a
    conda-lock.yml beside "main". ``file`` is the environment.yml with its ``text``, "" where there are locks
    alone; ``root`` is the source.
    """

    file: str = ""
    channels: tuple[Channel, ...] = ()
    specs: tuple[Spec, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    virtual: tuple[tuple[str, str], ...] = ()
    locks: tuple[WrittenLock, ...] = ()
    categories: tuple[str, ...] = ()
    text: str = field(default="", repr=False, compare=False)
    root: Path = field(default=Path(), repr=False, compare=False)

    def lock_for(self, subdir: str) -> WrittenLock | None:
        """Return the lock or list that is for a platform; None where conda has to solve."""
        return next((lock for lock in self.locks if lock.subdir in ("", subdir)), None)

    def __str__(self) -> str:
        return "; ".join(self._facts())

    def _facts(self) -> Iterator[str]:
        yield from (f"channel {channel.name}={channel.place}" for channel in self.channels)
        yield from sorted(f"spec {spec}" for spec in self.specs)
        yield from (f"variable {name}={value}" for name, value in self.variables)
        yield from (f"virtual {name}={version}" for name, version in self.virtual)
        yield from (f"lock {lock.path} {lock.digest}" for lock in self.locks)
        if self.locks:
            # Whether a lock still belongs to it is found out anew when a letter of it changes.
            yield f"text {Digest.of(self.text.encode())}"
        yield from (f"category {category}" for category in self.categories)


def name_of(spec: str) -> str:
    """Return the name with which a spec begins."""
    for position, letter in enumerate(spec):
        if not (letter.isalnum() or letter in "._-"):
            return spec[:position].lower()
    return spec.lower()


def subdir_of(target: Target) -> str:
    """Return conda's name of the platform of ``target``."""
    return SUBDIRS[target.architecture]
