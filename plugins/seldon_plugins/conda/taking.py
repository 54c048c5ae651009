"""Take what a lock or a list in the source says, exactly as it says it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seldon_builder.dependencies.url_credentials import masked
from seldon_builder.errors.conda import EnvironmentInvalid
from seldon_builder.errors.resolution import BadLine, LockOutdated
from seldon_builder.events import decision
from seldon_builder.target import Target

from .claiming import CONDA_LOCK
from .environment import Environment, WrittenLock, subdir_of
from .explicit import input_hash, read_list
from .packages import Listed, proven, subdir_of_url

if TYPE_CHECKING:
    from .locking import Locking, Taken

COMMAND = "seldon-python lock"


def taken(written: WrittenLock, environment: Environment, target: Target, locking: Locking) -> Taken:
    """Return the packages of ``written`` for ``target``; LockOutdated where environment.yml moved on."""
    if written.path == CONDA_LOCK:
        return _of_conda_lock(written, environment, target, locking)
    from .locking import Taken

    packages, credentials = read_list(_text(written), written.path)
    _refuse_other_platforms(packages, written, target)
    recorded = input_hash(_text(written))
    if environment.file and recorded:
        from .content_hash import matches

        if not matches(environment, subdir_of(target), recorded):
            raise _outdated(written, environment)
    index = replace(locking.index, credentials=(*locking.index.credentials, *credentials))
    for item in packages:
        if not item.sha256 and not item.md5:
            why = "has no hash, so nothing tells whether it is still the same"
            said = f"{written.path}: {masked(item.url)} {why}"
            locking.emit(decision("lock", said))
    locking.emit(decision("lock", f"Using {written.path} of the source, exactly as it is written"))
    return Taken(proven(packages, index, locking.store), written.path)


def _of_conda_lock(written: WrittenLock, environment: Environment, target: Target, locking: Locking) -> Taken:
    from .content_hash import matches
    from .lock_file import read_conda_lock
    from .locking import Taken

    found = read_conda_lock(written, environment, subdir_of(target))
    if environment.file and found.is_of(environment.file):
        if not matches(environment, subdir_of(target), found.content_hash):
            raise _outdated(written, environment)
    elif environment.file:
        sources = ", ".join(found.sources)
        said = f"{written.path} was made from {sources}: whether it still matches is not checked"
        locking.emit(decision("lock", said))
    index = replace(locking.index, credentials=(*locking.index.credentials, *found.credentials))
    locking.emit(decision("lock", f"Using {written.path} of the source, exactly as it is written"))
    packages = proven(found.packages, index, locking.store)
    return Taken(packages, written.path, found.wheels, with_pip=True)


def _outdated(written: WrittenLock, environment: Environment) -> LockOutdated:
    change = f"{environment.file} asks for something else than when it was made"
    return LockOutdated(written.path, [change], f"{COMMAND} <folder>` or `conda-lock")


def _refuse_other_platforms(packages: list[Listed], written: WrittenLock, target: Target) -> None:
    subdir = subdir_of(target)
    other = [item for item in packages if subdir_of_url(item.url) not in (subdir, "noarch")]
    if other:
        reason = f"it is for {subdir_of_url(other[0].url)}, and the image is for {subdir}"
        raise EnvironmentInvalid(
            [BadLine(written.path, masked(other[0].url), reason)],
            hint="build for the platform of the list (--platform), or make one for this platform",
        )


def _text(written: WrittenLock) -> str:
    try:
        return written.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EnvironmentInvalid([BadLine(written.path, "", "it is not UTF-8 text")]) from error
