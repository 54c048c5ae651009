"""Write a lock as ``conda-lock.yml``, through conda-lock's own models and writer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from seldon_builder.dependencies.file_url import path_of
from seldon_builder.lock import CONDA, PROJECT, Artifact, Lock, LockFile
from seldon_builder.settings import Settings
from seldon_builder.source import Source, read_regular
from seldon_builder.store import Store

from .archive import contents_of
from .channels import Channels
from .claiming import CONDA_LOCK, ENVIRONMENT_FILES
from .conda_lock_library import import_conda_lock
from .content_hash import content_hash
from .environment import SUBDIRS, Environment, WrittenLock
from .environment_file import read_environment_file
from .lock_file import MAIN, parsed
from .yaml_reading import text_of

if TYPE_CHECKING:
    from conda_lock.lockfile.v2prelim.models import LockedDependency, Lockfile
    from conda_lock.models.channel import Channel

_CHUNK = 1 << 20


def written(lock: Lock, source: Source, store: Store, before: str | None = None) -> LockFile:
    """Return the text of the file; what it says of other platforms stays, if it is still true.

    ``before`` is the text where it is not yet what lies in the source.
    """
    import_conda_lock()
    from conda_lock.lockfile import write_conda_lock_file
    from conda_lock.lockfile.v2prelim.models import Lockfile, LockMeta

    subdir = SUBDIRS[lock.platform.partition("/")[2]]
    environment = _environment(source)
    hashes = {subdir: content_hash(environment, subdir) if environment.file else ""}
    known = _known(source, before)
    for platform, recorded in (known.metadata.content_hash if known else {}).items():
        if platform != subdir and environment.file and recorded == content_hash(environment, platform):
            hashes[platform] = recorded
    # What is built from the source is no part of a lock: it is built from what is there.
    locked = [item for item in lock.artifacts if item.kind != PROJECT]
    package = [_entry(item, subdir, source, store) for item in locked]
    kept = known.package if known else []
    package += [item for item in kept if item.platform in hashes and item.platform != subdir]
    metadata = LockMeta(
        content_hash=dict(sorted(hashes.items())),
        channels=_channels(environment),
        platforms=sorted(hashes),
        sources=[environment.file] if environment.file else list(known.metadata.sources if known else ()),
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / CONDA_LOCK
        write_conda_lock_file(
            Lockfile(package=package, metadata=metadata), path, None, include_help_text=False
        )
        return LockFile(CONDA_LOCK, _HEAD + path.read_text())


def _environment(source: Source) -> Environment:
    file = next((name for name in ENVIRONMENT_FILES if source.has(name)), "")
    if not file:
        return Environment()
    text = text_of(source, file)
    said = read_environment_file(file, text, Channels(source, Settings()))
    return Environment(file, tuple(said.channels), tuple(said.specs), tuple(said.variables), text=text)


def _known(source: Source, before: str | None) -> Lockfile | None:
    if before is None and not source.has(CONDA_LOCK):
        return None
    from conda_lock.lockfile.v2prelim.models import lockfile_v1_to_v2
    from seldon_builder.digest import Digest
    from seldon_builder.errors.conda import EnvironmentInvalid

    content = read_regular(source.root / CONDA_LOCK) if before is None else before.encode()
    try:
        return lockfile_v1_to_v2(parsed(WrittenLock(CONDA_LOCK, Digest.of(content), content=content)))
    except EnvironmentInvalid:
        # It is about to be made anew.
        return None


def _channels(environment: Environment) -> list[Channel]:
    from conda_lock.models.channel import Channel

    return [Channel(url=channel.folder or channel.name, used_env_vars=()) for channel in environment.channels]


def _entry(artifact: Artifact, subdir: str, source: Source, store: Store) -> LockedDependency:
    from conda_lock.lockfile.v2prelim.models import HashModel, LockedDependency

    is_conda = artifact.kind == CONDA
    return LockedDependency(
        name=artifact.name,
        version=artifact.version,
        manager="conda" if is_conda else "pip",
        platform=subdir,
        dependencies=dict(_depends(artifact, store)) if is_conda else {},
        url=_url(artifact, source),
        hash=HashModel(md5=_md5(artifact, store) if is_conda else None, sha256=artifact.sha256.hex),
        categories={MAIN},
    )


def _depends(artifact: Artifact, store: Store) -> Iterator[tuple[str, str]]:
    for line in contents_of(store, artifact).index.get("depends", ()):
        name, _, version = line.partition(" ")
        yield name, version.strip()


def _md5(artifact: Artifact, store: Store) -> str:
    md5 = hashlib.md5(usedforsecurity=False)
    with store.blob(artifact.sha256).open() as blob:
        while data := blob.read(_CHUNK):
            md5.update(data)
    return md5.hexdigest()


def _url(artifact: Artifact, source: Source) -> str:
    """Return the URL, or the path of what lies in the source, which is elsewhere on every machine."""
    if not artifact.url.startswith("file:"):
        return artifact.url
    path, root = path_of(artifact.url), source.root.resolve()
    return f"./{path.relative_to(root).as_posix()}" if path.is_relative_to(root) else artifact.url


_HEAD = "# Written by seldon-python lock, in the format of conda-lock. Change environment.yml, not this.\n"
