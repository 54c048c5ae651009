"""Requirements that are places, not names: wheels on the disk and behind URLs, folders, repositories."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ..source import Source
from .file_url import path_of

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_ARCHIVES = (".whl", ".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz", ".egg")
_VERSION_CONTROL = ("git+", "hg+", "svn+", "bzr+", "git:", "ssh:")
_PLACE = re.compile(r"^(?P<place>.*?)(?P<extras>\[[^\]]*\])?(?P<marker>\s+;.*|;\s.*)?$")


class PlaceInvalid(ValueError):
    """What a line names is not there, or is nothing that can be installed."""


class NeedsBuild(Exception):
    """A line names something that has no wheel yet; the message says what it is."""


def is_place(source: Source, text: str) -> bool:
    """Tell whether a requirement is a path or URL and not a name, by pip's rules."""
    place = _place_of(text)
    if "://" in place.partition("@")[0] or place.startswith(("file:", *_VERSION_CONTROL)):
        return True
    if "@" in place:
        return False
    looks = place.startswith((".", "/", "~")) or "/" in place
    return looks or place.lower().endswith(_ARCHIVES) or (source.root / place / "pyproject.toml").is_file()


def wheel_requirement(source: Source, file: Path, text: str) -> str:
    """Write a place as PEP 508 does: ``name[extras] @ URL ; marker``, a ``file:`` URL for a path.

    ``file`` is the requirements file: a path is taken from the model folder, as pip has it, else from
    beside that file. NeedsBuild for all that is no wheel.
    """
    if not is_place(source, text):
        from packaging.requirements import Requirement

        return _with_url(source, file, Requirement(text))
    found = _PLACE.match(text)
    assert found is not None, "the pattern accepts every text"
    place, fragment = _split_fragment(found["place"].strip())
    url = _wheel_url(source, file, place)
    name = _distribution(url)
    marker = (found["marker"] or "").strip().removeprefix(";").strip()
    line = f"{name}{found['extras'] or ''} @ {url}{fragment}"
    return f"{line} ; {marker}" if marker else line


def folder_or_url(source: Source, file: Path, place: str) -> str:
    """Resolve what ``--find-links`` names: a URL stays, a folder becomes its absolute path."""
    if "://" in place and not place.startswith("file:"):
        return place
    if place.startswith("file:"):
        return str(path_of(place))
    path = _existing(source, file, place)
    if path is None:
        raise PlaceInvalid(f"there is no folder {place}")
    return str(path)


def _with_url(source: Source, file: Path, parsed: Requirement) -> str:
    assert parsed.url is not None, "only requirements with a URL come here"
    place, fragment = _split_fragment(parsed.url)
    extras = f"[{','.join(sorted(parsed.extras))}]" if parsed.extras else ""
    line = f"{parsed.name}{extras} @ {_wheel_url(source, file, place)}{fragment}"
    return f"{line} ; {parsed.marker}" if parsed.marker else line


def _split_fragment(place: str) -> tuple[str, str]:
    """Keep a hash of the fragment; ``#egg=`` says nothing about a wheel."""
    place, _, fragment = place.partition("#")
    hashes = [part for part in fragment.split("&") if part.startswith("sha256=")]
    return place, f"#{hashes[0]}" if hashes else ""


def _wheel_url(source: Source, file: Path, place: str) -> str:
    if place.startswith(_VERSION_CONTROL):
        raise NeedsBuild("a repository must be built first")
    remote = "://" in place and not place.startswith("file:")
    path = None if remote else _local(source, file, place)
    if path is not None and path.is_dir():
        raise NeedsBuild("a folder must be built first")
    if not place.lower().endswith(".whl"):
        raise NeedsBuild("it is not a wheel and must be built first")
    return path.as_uri() if path else place


def _local(source: Source, file: Path, place: str) -> Path:
    text = str(path_of(place)) if place.startswith("file:") else place
    path = _existing(source, file, text)
    if path is None:
        raise PlaceInvalid(f"there is no file {text}")
    return path


def _existing(source: Source, file: Path, text: str) -> Path | None:
    root = source.root.resolve()
    for folder in (root, root / file.parent):
        # A path that climbs out of the model folder would differ from machine to machine.
        found = (folder / text).resolve()
        if found.exists() and (Path(text).is_absolute() or found.is_relative_to(root)):
            return found
    return None


def _place_of(text: str) -> str:
    return re.split(r"\s+;|;\s", text, maxsplit=1)[0].split("[", 1)[0].strip()


def _distribution(url: str) -> str:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    filename = unquote(url.rsplit("/", 1)[-1])
    try:
        return parse_wheel_filename(filename)[0]
    except InvalidWheelFilename as error:
        raise PlaceInvalid(
            f"{filename} is not a wheel's name (name-version-python-abi-platform.whl)"
        ) from error
