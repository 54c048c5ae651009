"""What the conda packages of a lock are together: who has which file, what activation must do."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from seldon_builder.errors.conda import CondaPackageMalformed
from seldon_builder.layers.packing import cache_key
from seldon_builder.lock import CONDA, Artifact, Lock, canonical_name
from seldon_builder.prefix import DEPENDENCIES

from .places import is_bytecode, place_of

if TYPE_CHECKING:
    from seldon_builder.store import Record, Store

_PACKAGES, _ENVIRONMENTS = "conda-packages", "conda-environments"
_SCRIPTS, _VARIABLES = "etc/conda/activate.d", "etc/conda/env_vars.d"
VARIABLES_AT_MOST = 1 << 20
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Installed:
    """The packages side by side.

    ``lost`` holds, by the hex digest of a package, the paths in the image that another package has;
    ``warnings`` says so; ``scripts`` are those of activation, in the order of conda; ``variables`` what
    packages set; ``behind_python`` names Python's package and all that it needs; ``has_python`` tells that it
    is CPython, at the places of its minor version.
    """

    lost: Mapping[str, frozenset[str]]
    warnings: tuple[str, ...]
    scripts: tuple[str, ...]
    variables: Mapping[str, str]
    behind_python: frozenset[str]
    has_python: bool


def installed(lock: Lock, python: str, store: Store) -> Installed:
    """Find out what the conda packages of ``lock``, all of which are in ``store``, are together."""
    packages = [artifact for artifact in lock.artifacts if artifact.kind == CONDA]
    hashes = sorted(f"{artifact.name} {artifact.sha256}" for artifact in packages)
    key = cache_key(_ENVIRONMENTS, python, DEPENDENCIES, *hashes)
    record = store.record(_ENVIRONMENTS, key)
    if record is None:
        record = _record(packages, python, store)
        store.keep(_ENVIRONMENTS, key, record)
    return Installed(
        {sha256: frozenset(paths) for sha256, paths in record["lost"].items()},
        tuple(record["warnings"]),
        tuple(record["scripts"]),
        record["variables"],
        frozenset(record["behind_python"]),
        record["has_python"],
    )


def _record(packages: Sequence[Artifact], python: str, store: Store) -> Record:
    known = {canonical_name(artifact.name): _package(artifact, store) for artifact in packages}
    order = dependencies_first({name: record["depends"] for name, record in known.items()})
    places = {name: _places(known[name], python) for name in order}
    owners, lost, warnings = _owners(order, places)
    _refuse_folders(owners)
    by_name = {canonical_name(artifact.name): artifact for artifact in packages}
    variables = [path for path in sorted(owners) if _is_in(path, _VARIABLES, ".json")]
    return {
        "lost": {by_name[name].sha256.hex: sorted(_in_image(paths)) for name, paths in sorted(lost.items())},
        "warnings": warnings,
        "scripts": sorted(_in_image(path for path in owners if _is_in(path, _SCRIPTS, ".sh"))),
        "variables": _variables([(path, by_name[owners[path]]) for path in variables], store),
        "behind_python": sorted(_behind("python", known)),
        "has_python": f"bin/python{python}" in owners and f"lib/python{python}/os.py" in owners,
    }


def _package(artifact: Artifact, store: Store) -> Record:
    """Return what is known of one package, read from it only once."""
    record = store.record(_PACKAGES, artifact.sha256)
    if record is None:
        from .archive import contents_of

        contents = contents_of(store, artifact)
        scripts = [f"bin/{point.partition('=')[0].strip()}" for point in contents.entry_points]
        record = {
            "depends": sorted({canonical_name(name) for name in contents.depends}),
            "noarch_python": contents.is_noarch_python,
            "paths": sorted(path.path for path in contents.paths if not path.is_folder),
            "scripts": scripts,
        }
        store.keep(_PACKAGES, artifact.sha256, record)
    return record


def _places(record: Record, python: str) -> list[str]:
    is_noarch = record["noarch_python"]
    placed = (place_of(path, python, is_noarch=is_noarch) for path in record["paths"])
    return [*(path for path in placed if not is_bytecode(path)), *record["scripts"]]


def dependencies_first(depends: Mapping[str, Sequence[str]]) -> list[str]:
    """Order the names as conda links them: what is needed before what needs it, by name among equals."""
    done: dict[str, None] = {}
    begun: set[str] = set()
    for first in sorted(depends):
        # No recursion: a chain of packages may be longer than the stack.
        pending = [first]
        while pending:
            name = pending[-1]
            if name in begun:
                done[pending.pop()] = None
                continue
            begun.add(name)
            # Packages may need each other in circles, and conda then takes them as they come.
            left = (each for each in sorted(depends[name], reverse=True) if each in depends)
            pending += [each for each in left if each not in begun]
    return list(done)


def _owners(
    order: Sequence[str], places: Mapping[str, Sequence[str]]
) -> tuple[dict[str, str], dict[str, list[str]], list[str]]:
    """Return who has each path, who lost which, and how a build tells it."""
    owners: dict[str, str] = {}
    lost: dict[str, list[str]] = defaultdict(list)
    between: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in order:
        for path in places[name]:
            if loser := owners.get(path):
                lost[loser].append(path)
                between[loser, name].append(path)
            owners[path] = name
    warnings = [
        f"{paths[0]}{f' and {len(paths) - 1} more' if paths[1:] else ''} is both in {loser} and {winner} of "
        f"conda: taking that of {winner}"
        for (loser, winner), paths in sorted(between.items())
    ]
    return owners, lost, warnings


def _refuse_folders(owners: Mapping[str, str]) -> None:
    from seldon_builder.layers.wheel_collisions import folders_above

    if both := sorted(owners.keys() & folders_above(set(owners))):
        others = sorted({name for path, name in owners.items() if path.startswith(f"{both[0]}/")})
        reason = f"{both[0]} would be a file, and a folder of {', '.join(others)}"
        raise CondaPackageMalformed(owners[both[0]], reason)


def _behind(name: str, known: Mapping[str, Record]) -> set[str]:
    found: set[str] = set()
    pending = [name]
    while pending:
        if (each := pending.pop()) in known and each not in found:
            found.add(each)
            pending += known[each]["depends"]
    return found


def _variables(files: Sequence[tuple[str, Artifact]], store: Store) -> dict[str, str]:
    """Return what packages set by files of their own, the later by name winning, as conda reads them."""
    found: dict[str, str] = {}
    for path, artifact in files:
        found |= _variables_of(path, artifact, store)
    return found


def _variables_of(path: str, artifact: Artifact, store: Store) -> dict[str, str]:
    from .archive import open_package

    with open_package(store, artifact) as package:
        member = package.members.get(path)
        if member is None:
            raise package.malformed("its list of files names it, but it is not there", path)
        package.file.seek(member.start)
        text = package.file.read(min(member.size, VARIABLES_AT_MOST))
        try:
            table: Any = json.loads(text)
            return {str(name): str(value) for name, value in table.items() if is_variable(str(name))}
        except (ValueError, RecursionError, AttributeError) as error:
            raise package.malformed(f"it holds no variables ({error})", path) from error


def is_variable(name: str) -> bool:
    """Tell whether a shell can export a variable of this name."""
    return _NAME.fullmatch(name) is not None


def _is_in(path: str, folder: str, ending: str) -> bool:
    place = PurePosixPath(path)
    return str(place.parent) == folder and place.name.endswith(ending)


def _in_image(paths: Sequence[str] | Iterator[str]) -> Iterator[str]:
    return (f"{DEPENDENCIES}/{path}" for path in paths)
