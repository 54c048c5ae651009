"""The folders of local wheels: those that the user names, this machine's ``/whl``, those of the source."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from seldon_builder import hookimpl
from seldon_builder.dependencies.file_url import path_of
from seldon_builder.errors.source import SettingInvalid
from seldon_builder.package_index import PackageIndex
from seldon_builder.settings import Settings
from seldon_builder.source import Source

VARIABLE = "SELDON_WHEELS"
# Where older builder images looked, into which the user's folder was mounted.
MACHINE = "/whl"
NAMES = ("whl", "wheels")


@hookimpl
def seldon_package_index(source: Source, settings: Settings) -> PackageIndex | None:
    """Collect the folders that are there; those that come first win where two have the same file."""
    root = source.root.absolute()
    folders = (*_named(root, settings), *_found(root))
    return PackageIndex(wheel_folders=tuple(dict.fromkeys(folders))) if folders else None


def _named(root: Path, settings: Settings) -> Iterator[str]:
    setting = settings.find(VARIABLE)
    paths = [_path(root, word) for word in settings.get(VARIABLE).split()]
    if setting and (missing := [path for path in paths if not path.is_dir()]):
        raise SettingInvalid([f"{setting.origin}: {path} is no folder of wheels" for path in missing])
    yield from map(str, paths)


def _path(root: Path, word: str) -> Path:
    # A name with a blank in it can only be given as a URL.
    return path_of(word) if word.startswith("file://") else root / word


def _found(root: Path) -> Iterator[str]:
    if os.path.isdir(MACHINE):  # noqa: PTH112  # a Path raises where it may not be looked at
        yield MACHINE
    for name in NAMES:
        folder = root / name
        # A package of that name is the model's own code.
        if folder.is_dir() and not (folder / "__init__.py").exists():
            yield str(folder)
