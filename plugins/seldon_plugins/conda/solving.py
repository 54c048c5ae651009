"""Solve what an environment asks for with the channels that it names."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seldon_builder.errors.conda import ChannelUnusable, CondaNotInstalled, EnvironmentInvalid
from seldon_builder.errors.resolution import (
    BadLine,
    PackageNotFound,
    ResolutionConflict,
    VersionNotFound,
)
from seldon_builder.events import Emit
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store
from seldon_builder.target import Target

from .environment import Channel, Environment, Spec, subdir_of
from .packages import Listed
from .repodata import Indexed, indexes_of
from .specs import SpecInvalid, match_spec

if TYPE_CHECKING:
    from rattler import GenericVirtualPackage, RepoDataRecord

# A kernel that every host of containers has; packages ask for older ones.
KERNEL = "5.10"
_OTHER = "ask for a version that exists, or add the channel that has it; there are: {}"
_SPELLING = "check the spelling, and whether one of the channels has it: {}"


@dataclass(frozen=True)
class Problem:
    """What is to be solved: the environment, what is asked of it all in all, and for which target.

    ``kept`` are packages that are taken where they serve, whatever is newer.
    """

    environment: Environment
    specs: tuple[Spec, ...]
    target: Target
    kept: tuple[Listed, ...] = ()

    @property
    def channels(self) -> list[Channel]:
        """The channels in their order, those last that a single spec names."""
        more = (spec.channel for spec in self.specs if spec.channel)
        unique: dict[str, Channel] = {}
        for channel in (*self.environment.channels, *more):
            unique.setdefault(channel.place, channel)
        return list(unique.values())


def solve(problem: Problem, index: PackageIndex, store: Store, emit: Emit) -> list[RepoDataRecord]:
    """Return the records of the packages; the order of the channels is strict."""
    try:
        import rattler
    except ImportError as error:
        raise CondaNotInstalled("py-rattler") from error
    try:
        specs = [match_spec(spec) for spec in problem.specs]
    except SpecInvalid as error:
        raise EnvironmentInvalid([BadLine(problem.environment.file, "", str(error))]) from error
    subdir = subdir_of(problem.target)
    with indexes_of(problem.channels, subdir, index, store, emit) as indexes:
        try:
            return asyncio.run(
                rattler.solve_with_sparse_repodata(
                    specs,
                    [item.sparse for item in indexes],
                    virtual_packages=virtual_packages(problem),
                    locked_packages=_kept(problem, indexes),
                )
            )
        except rattler.exceptions.SolverError as error:
            raise _explained(problem, indexes, str(error)) from error
        except OSError as error:
            names = ", ".join(channel.name for channel in problem.channels)
            raise ChannelUnusable(names, f"its index holds what is no package ({error})") from error


def virtual_packages(problem: Problem) -> list[GenericVirtualPackage]:
    """Return what the image will offer that no package brings: its kernel, C library and architecture."""
    from rattler import GenericVirtualPackage, PackageName, Version
    from rattler.exceptions import InvalidVersionError
    from rattler.package.build_string import BuildString

    offered = {
        "__unix": ("0", "0"),
        "__linux": (KERNEL, "0"),
        "__glibc": (problem.target.glibc, "0"),
        "__archspec": ("1", problem.target.machine),
        **{name: (version, "0") for name, version in problem.environment.virtual},
    }
    try:
        return [
            GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))
            for name, (version, build) in offered.items()
        ]
    except InvalidVersionError as error:
        said = ", ".join(f"{name}={version}" for name, version in problem.environment.virtual)
        raise EnvironmentInvalid([BadLine("CONDA_OVERRIDE_*", said, str(error))]) from error


def _kept(problem: Problem, indexes: Sequence[Indexed]) -> list[RepoDataRecord]:
    urls = {item.url for item in problem.kept}
    names = {item.name for item in problem.kept}
    return [record for name in sorted(names) for record in _named(name, indexes) if str(record.url) in urls]


def _explained(problem: Problem, indexes: Sequence[Indexed], text: str) -> Exception:
    """Tell names that no channel has from versions that none has, and both from a conflict."""
    explanation = text.partition("because of: ")[2].strip() or text.strip()
    unknown = [spec for spec in problem.specs if not _records(spec, indexes)]
    channels = ", ".join(channel.name for channel in problem.channels)
    if unknown:
        names = sorted({spec.name for spec in unknown})
        naming = _SPELLING.format(channels)
        return PackageNotFound(names, _sides(unknown), explanation, naming=naming)
    for spec in problem.specs:
        wanted, records = match_spec(spec), _records(spec, indexes)
        if not any(wanted.matches(record) for record in records):
            newest = max(records, key=lambda record: record.version).version
            return VersionNotFound(
                spec.text, _sides([spec]), explanation, str(newest), _OTHER.format(channels)
            )
    named = [spec for spec in problem.specs if f"{spec.name} " in f"{explanation} "]
    return ResolutionConflict(_sides(named or problem.specs), explanation)


def _records(spec: Spec, indexes: Sequence[Indexed]) -> list[RepoDataRecord]:
    return _named(spec.name, indexes)


def _named(name: str, indexes: Sequence[Indexed]) -> list[RepoDataRecord]:
    from rattler import PackageName

    return [record for item in indexes for record in item.sparse.load_records(PackageName(name))]


def _sides(specs: Sequence[Spec]) -> list[str]:
    return [f"{spec.text}  ({spec.origin})" for spec in specs]
