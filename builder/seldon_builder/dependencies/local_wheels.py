"""The files of local wheel folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors.indexes import LocalWheelUnfit
from ..layers.content_digests import file_digest
from ..lock import Artifact
from ..store import Store

SOURCE_ENDINGS = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
# Where packages of conda channels lie in a folder of wheels.
CONDA_FOLDER = "conda"


def shown(path: Path) -> str:
    """Name a local wheel as a user knows it: by its folder and its file."""
    return os.fsencode(f"{path.parent.name}/{path.name}").decode("utf-8", "backslashreplace")


def wheel_paths(folders: Iterable[str]) -> tuple[Path, ...]:
    """Return the wheels of ``folders``, by name; of several of one name that of the first folder.

    LocalWheelUnfit names what cannot be read.
    """
    found: dict[str, Path] = {}
    for path in _listed(folders):
        if path.name.endswith(".whl"):
            found.setdefault(path.name, path)
    unreadable = [path for path in found.values() if not _is_readable(path)]
    if unreadable:
        raise LocalWheelUnfit([(shown(path), "it is no file that can be read") for path in unreadable])
    return tuple(found[name] for name in sorted(found))


def source_paths(folders: Iterable[str]) -> tuple[Path, ...]:
    """Return the source archives of ``folders``, which must be built before they are of use."""
    return tuple(path for path in _listed(folders) if path.name.endswith(SOURCE_ENDINGS))


def find_copy(artifact: Artifact, folders: Iterable[str], store: Store) -> Path | None:
    """Return the file of ``folders`` that has the name and the bytes of ``artifact``; None for none."""
    from urllib.parse import unquote

    name = unquote(artifact.filename)
    for folder in folders:
        for path in (Path(folder, name), Path(folder, CONDA_FOLDER, name)):
            if _is_readable(path) and file_digest(path, store) == artifact.sha256:
                return path
    return None


def _listed(folders: Iterable[str]) -> Iterator[Path]:
    for folder in folders:
        try:
            yield from sorted(Path(folder).iterdir())
        except OSError as error:
            raise LocalWheelUnfit([(folder, error.strerror or str(error))]) from error


def _is_readable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.R_OK)
