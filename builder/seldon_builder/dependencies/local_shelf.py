"""What the wheels of local folders are, and which of them fit a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_version, parse_wheel_filename
from packaging.version import Version

from ..digest import Digest
from ..errors.indexes import LocalWheelUnfit
from ..errors.layers import WheelMalformed
from ..layers.content_digests import file_digest
from ..layers.wheel_archive import Wheel
from ..layers.zip_bytes import ZipBytes
from ..lock import Artifact, canonical_name
from ..store import Store, explained
from ..target import Target
from ..whole_file import whole_file
from .local_wheels import shown, wheel_paths

RECORD = "local-wheels"
NOT_NAMED = "it is not named as wheels are (name-version-python-abi-platform.whl)"


@dataclass(frozen=True)
class LocalWheel:
    """A wheel that fits its target; ``stub`` is one with its metadata alone, which engines look at."""

    path: Path
    name: str
    version: Version
    digest: Digest
    stub: Path

    @property
    def artifact(self) -> Artifact:
        """The wheel as a lock names it."""
        return Artifact(self.name, str(self.version), self.path.as_uri(), self.digest)


@dataclass(frozen=True)
class Unfit:
    """A local wheel that is not taken, and why."""

    name: str
    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{shown(self.path)}: {self.reason}"


@dataclass(frozen=True)
class Shelf:
    """The local wheels that fit the target by normalised name, the best first; those that do not.

    ``odd`` are files that are not named as wheels are.
    """

    wheels: Mapping[str, tuple[LocalWheel, ...]]
    unfit: tuple[Unfit, ...]
    odd: tuple[Unfit, ...] = ()


@dataclass(frozen=True)
class _Named:
    """What the name of a wheel's file says; ``rank`` is the place of its best tag, None where none fits."""

    path: Path
    name: str
    version: Version
    build: tuple[int, str] | tuple[()]
    rank: int | None

    @classmethod
    def of(cls, path: Path, ranks: Mapping[Tag, int]) -> _Named:
        name, version, build, tags = parse_wheel_filename(path.name)
        return cls(
            path, name, version, build, min((ranks[tag] for tag in tags if tag in ranks), default=None)
        )

    @property
    def order(self) -> tuple[Version, int, tuple[int, str] | tuple[()]]:
        """The greater, the better."""
        return self.version, -(self.rank or 0), self.build


def shelf_of(folders: Sequence[str], target: Target, store: Store) -> Shelf:
    """Look at every wheel of ``folders``; LocalWheelUnfit names all that are damaged."""
    ranks = {tag: rank for rank, tag in enumerate(target.tags)}
    named: list[_Named] = []
    odd: list[Unfit] = []
    for path in wheel_paths(folders):
        try:
            named.append(_Named.of(path, ranks))
        except InvalidWheelFilename:
            odd.append(Unfit("", path, NOT_NAMED))
    wheels: dict[str, tuple[LocalWheel, ...]] = {}
    unfit: list[Unfit] = []
    damaged: list[WheelMalformed] = []
    for item in sorted(named, key=lambda item: item.order, reverse=True):
        try:
            looked = _looked_at(item, target, store)
        except WheelMalformed as error:
            damaged.append(error)
            continue
        if isinstance(looked, Unfit):
            unfit.append(looked)
        else:
            wheels[item.name] = (*wheels.get(item.name, ()), looked)
    if damaged:
        raise LocalWheelUnfit(sorted((error.wheel, error.reason) for error in damaged))
    return Shelf(wheels, tuple(unfit), tuple(odd))


def _looked_at(item: _Named, target: Target, store: Store) -> LocalWheel | Unfit:
    if item.rank is None:
        return Unfit(item.name, item.path, f"it is for {'-'.join(item.path.stem.split('-')[-3:])}")
    digest = file_digest(item.path, store)
    artifact = Artifact(item.name, str(item.version), item.path.as_uri(), digest)
    stub = store.root.resolve() / RECORD / digest.hex / item.path.name
    known = store.record(RECORD, digest)
    if known is None or not stub.exists():
        known = {"requires_python": _write_stub(stub, artifact, item.path)}
        store.keep(RECORD, digest, known)
    wanted = str(known["requires_python"])
    if not _allows(wanted, target):
        return Unfit(item.name, item.path, f"it is for Python {wanted}")
    return LocalWheel(item.path, item.name, item.version, digest, stub)


def _allows(requires_python: str, target: Target) -> bool:
    try:
        return SpecifierSet(requires_python).contains(target.python_version, prereleases=True)
    except InvalidSpecifier:
        # What nobody can read forbids nothing, to installers as to us.
        return True


def _write_stub(stub: Path, artifact: Artifact, path: Path) -> str:
    """Write the stub of the wheel at ``path`` and return its Requires-Python."""
    folder, metadata, about = _metadata(artifact, path)
    with explained(stub), whole_file(stub) as file, ZipFile(file, "w") as archive:
        members = {f"{folder}/METADATA": metadata, f"{folder}/WHEEL": about}
        members[f"{folder}/RECORD"] = "".join(f"{name},,\n" for name in members).encode()
        for name, content in members.items():
            archive.writestr(ZipInfo(name), content)
    return str(_headers(metadata).get("Requires-Python", ""))


def _metadata(artifact: Artifact, path: Path) -> tuple[str, bytes, bytes]:
    """Read the name of the metadata's folder, METADATA and WHEEL; WheelMalformed for what is none."""
    try:
        with ZipBytes(path) as file, ZipFile(file) as archive:
            wheel = Wheel(shown(path), cast(BinaryIO, file), archive, artifact)
            read = (wheel.metadata_folder, wheel.metadata("METADATA"), wheel.metadata("WHEEL"))
    except (BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise WheelMalformed(shown(path), f"it is no zip that can be read ({error})") from error
    headers = _headers(read[1])
    name, version = str(headers.get("Name", "")), str(headers.get("Version", ""))
    if canonical_name(name) != artifact.name or not _same(version, artifact.version):
        raise WheelMalformed(shown(path), f"its METADATA is of {name or 'nothing'} {version}")
    return read


def _headers(metadata: bytes) -> Message:
    return BytesHeaderParser().parsebytes(metadata)


def _same(one: str, other: str) -> bool:
    return canonicalize_version(one) == canonicalize_version(other)
