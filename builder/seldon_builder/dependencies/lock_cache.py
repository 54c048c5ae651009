"""What a lock was made from, and the locks that were made before."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..detection import Detection, Requirement
from ..digest import Digest
from ..layers.content_digests import file_digest
from ..lock import Artifact, Lock
from ..package_index import PackageIndex
from ..store import Store
from ..target import Target
from .built_wheels import built_facts, built_wheel
from .file_url import path_of
from .local_wheels import wheel_paths

RECORD = "locks"
# Raise it when the same inputs would lead to another lock.
FORMAT = "4"
_GLIBC = "glibc "
PREFERRED = "preferred wheel"


@dataclass(frozen=True)
class Inputs:
    """Everything a resolution depends on, one readable fact a line, sorted.

    Neither the order of the requirements nor where they stand is among them; wheels of the disk are there by
    content, so the facts are the same on every machine.
    """

    facts: tuple[str, ...]

    @cached_property
    def digest(self) -> Digest:
        """What a lock of these inputs is filed under."""
        return Digest.of("\n".join((FORMAT, *self.facts)).encode())

    def without_copies(self, lock: Lock, facts: tuple[str, ...]) -> Inputs:
        """Leave out what a lock of ``facts`` did not know: local wheels that are what it has anyway."""
        digests = {str(artifact.sha256) for artifact in lock.artifacts}
        return Inputs(
            tuple(
                fact
                for fact in self.facts
                if fact in facts or not (fact.startswith(PREFERRED) and fact.rpartition(" ")[2] in digests)
            )
        )

    def changes_since(self, facts: tuple[str, ...]) -> tuple[str, ...]:
        """Say what was added and removed since a lock was made from ``facts``."""
        added = [f"added:   {fact}" for fact in self.facts if fact not in facts]
        removed = [f"removed: {fact}" for fact in facts if fact not in self.facts]
        return tuple(sorted((*removed, *added), key=lambda change: change.partition(":")[2].strip()))


def inputs_of(
    detection: Detection,
    target: Target,
    index: PackageIndex,
    engine: str,
    store: Store,
    root: Path = Path("/"),
) -> Inputs:
    """Gather the facts; the wheels of local folders are digested once and remembered.

    What is built of the source is named by its place below ``root``, the model folder.
    """
    facts = {
        # Neither the patch version: a security update of the base must not outdate a lock.
        f"python {target.python}",
        f"platform {target.platform}",
        f"{_GLIBC}{_minor(target.glibc)}",
        f"engine {detection.locker or engine}",
        *_wanted(detection, root, store),
        *_index_facts(index, store),
    }
    return Inputs(tuple(sorted(facts)))


def as_locked(target: Target, facts: tuple[str, ...]) -> Target:
    """Return ``target`` as a lock of ``facts`` saw it: what fits an older C library fits a newer one."""
    seen = next((fact.removeprefix(_GLIBC) for fact in facts if fact.startswith(_GLIBC)), "")
    return replace(target, glibc=seen) if seen and _numbers(seen) <= _numbers(target.glibc) else target


def cached_lock(store: Store, inputs: Inputs) -> Lock | None:
    """Return the lock that was kept for ``inputs``, None where there is none that can be read."""
    record = store.record(RECORD, inputs.digest)
    try:
        return _from_record(record, inputs.digest) if record else None
    except (KeyError, TypeError, ValueError):
        return None


def keep_lock(store: Store, inputs: Inputs, lock: Lock) -> None:
    """Keep ``lock`` for the next build that asks for the same."""
    store.keep(RECORD, inputs.digest, {**_record(lock), "facts": list(inputs.facts)})


def facts_of(store: Store, lock: Lock) -> tuple[str, ...]:
    """Return the facts that a kept lock was made from."""
    record = store.record(RECORD, lock.inputs) or {}
    return tuple(record.get("facts", ()))


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:2]]


def _minor(version: str) -> str:
    return ".".join(map(str, _numbers(version)))


def _wanted(detection: Detection, root: Path, store: Store) -> Iterator[str]:
    yield f"resolver {detection.resolver}"
    for item in detection.requirements:
        yield from _asked(item, root, store)
    yield from (f"constraint {_spoken(item, store)}" for item in detection.constraints)
    yield from (f"option {option}" for option in detection.options)
    yield from _offered(detection)
    yield from (f"upgrade {name}" for name in detection.upgrade)
    if detection.environment is not None:
        yield f"environment {detection.environment}"
    if detection.is_complete:
        yield "nothing comes in beside what is named"
    if detection.own_python:
        yield f"own python {' or '.join(detection.own_python)}"
    if detection.is_relocked:
        yield "the lock of the source does not count"
    if detection.requires_python:
        yield f"requires-python {detection.requires_python}"


def _offered(detection: Detection) -> Iterator[str]:
    """Tell of the files that a lock names, in one fact a name: there are a hundred of some."""
    files: dict[str, list[str]] = {}
    for file in detection.artifacts:
        files.setdefault(file.name, []).append(f"{file.filename} {file.sha256}")
    for name, listed in files.items():
        yield f"files of {name} {Digest.of(chr(10).join(sorted(listed)).encode())}"


def _index_facts(index: PackageIndex, store: Store) -> Iterator[str]:
    if index.no_index:
        yield "no index"
    else:
        yield from (f"index {url}" for url in (index.index_url,) if url)
        yield from (f"extra index {url}" for url in index.extra_index_urls)
    yield from (f"links {place}" for place in index.find_links if "://" in place)
    yield from (f"pin {pin.name} {pin.url}" for pin in index.pins)
    linked = [place for place in index.find_links if "://" not in place]
    for place in linked:
        for path in sorted(Path(place).glob("*.whl")):
            yield f"wheel {_wheel(path, store)}"
    yield from (f"{PREFERRED} {_wheel(path, store)}" for path in wheel_paths(index.wheel_folders))


def _asked(requirement: Requirement, root: Path, store: Store) -> Iterator[str]:
    if wheel := built_wheel(requirement):
        yield from built_facts(requirement, wheel, root, store)
    else:
        yield f"requirement {_spoken(requirement, store)}"


def _spoken(requirement: Requirement, store: Store) -> str:
    line = requirement.line
    if " @ file:" in line:
        from packaging.requirements import Requirement as Pep508

        parsed = Pep508(line)
        url = parsed.url or ""
        line = line.replace(url, _wheel(path_of(url), store))
    return " ".join((line, *(f"--hash={digest}" for digest in sorted(requirement.hashes))))


def _wheel(path: Path, store: Store) -> str:
    name = os.fsencode(path.name).decode("utf-8", "backslashreplace")
    return f"{name} {file_digest(path, store)}"


def _record(lock: Lock) -> dict[str, Any]:
    return {
        "kind": lock.kind,
        "engine": lock.engine,
        "python": lock.python,
        "platform": lock.platform,
        "roots": list(lock.roots),
        "variables": [list(variable) for variable in lock.variables],
        "artifacts": [
            [
                artifact.name,
                artifact.version,
                artifact.url,
                artifact.sha256.hex,
                artifact.size,
                artifact.kind,
            ]
            for artifact in lock.artifacts
        ],
    }


def _from_record(record: Mapping[str, Any], inputs: Digest) -> Lock:
    artifacts = tuple(
        Artifact(name, version, url, Digest(sha256), size, kind)
        for name, version, url, sha256, size, kind in record["artifacts"]
    )
    return Lock(
        record["kind"],
        record["engine"],
        record["python"],
        record["platform"],
        inputs,
        artifacts,
        tuple(record["roots"]),
        tuple((name, value) for name, value in record.get("variables", ())),
    )
