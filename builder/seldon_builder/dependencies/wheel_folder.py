"""Fill a folder with the files of a lock, from which an image can be built without any index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from ..errors.destination import OutputUnwritable
from ..events import Emit, progress, warning
from ..layers.content_digests import file_digest
from ..lock import CONDA, PROJECT, Artifact, Lock
from ..store import Store
from ..whole_file import whole_file
from .local_wheels import CONDA_FOLDER

_READ = 1 << 18


@dataclass(frozen=True)
class Filled:
    """What became of the files of a lock: how many were written, of how many bytes, and which were there."""

    written: int = 0
    size: int = 0
    kept: int = 0
    others: tuple[str, ...] = ()


def fill(folder: Path, locks: Iterable[Lock], store: Store, emit: Emit) -> Filled:
    """Write what ``folder`` lacks of ``locks``, whose files are in ``store``; nothing that is there changes.

    What the user develops is left out: its wheel would be old after the next edit.
    """
    found = (item for lock in locks for item in lock.artifacts if item.kind != PROJECT)
    artifacts = {_place(folder, item): item for item in found}
    missing, others = dict[Path, Artifact](), list[str]()
    for place, artifact in sorted(artifacts.items()):
        if not place.exists():
            missing[place] = artifact
        elif file_digest(place, store) != artifact.sha256:
            others.append(place.name)
    for name in others:
        why = "a file of this name is there, with other bytes"
        emit(warning("write", f"Not writing {name} to {folder}: {why}"))
    total, done = sum(item.size for item in missing.values()), 0
    for place, artifact in missing.items():
        emit(progress("write", f"Writing {len(missing)} files", done, total))
        _copy(artifact, place, store)
        done += artifact.size
    return Filled(len(missing), total, len(artifacts) - len(missing) - len(others), tuple(others))


def _place(folder: Path, artifact: Artifact) -> Path:
    return (folder / CONDA_FOLDER if artifact.kind == CONDA else folder) / unquote(artifact.filename)


def _copy(artifact: Artifact, place: Path, store: Store) -> None:
    with store.blob(artifact.sha256).open() as blob:
        try:
            with whole_file(place) as file:
                while content := blob.read(_READ):
                    file.write(content)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            option = "the second argument"
            raise OutputUnwritable(place, reason, what="a wheel", option=option) from error
