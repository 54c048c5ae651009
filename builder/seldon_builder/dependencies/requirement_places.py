"""Requirements that are places, not names: wheels on the disk and behind URLs, folders, repositories."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from ..detection import Requirement
from ..source import Source
from .file_url import path_of

SOURCE_ARCHIVES = (".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz")
_ARCHIVES = (".whl", ".egg", *SOURCE_ARCHIVES)
_VERSION_CONTROL = ("git+", "hg+", "svn+", "bzr+", "git:", "ssh:")
_PLACE = re.compile(r"^(?P<place>.*?)(?P<extras>\[[^\]]*\])?(?P<marker>\s+;.*|;\s.*)?$")


class PlaceInvalid(ValueError):
    """What a line names is not there, or is nothing that can be installed."""


class NeedsBuild(Exception):
    """A line names something that has no wheel and cannot be built here; the message says what it is."""


@dataclass(frozen=True)
class _Named:
    """A line in its parts; ``name`` is "" for a mere place."""

    name: str
    place: str
    extras: tuple[str, ...]
    marker: str

    @property
    def suffix(self) -> str:
        return f"[{','.join(self.extras)}]" if self.extras else ""

    def before_marker(self, line: str) -> str:
        return f"{line} ; {self.marker}" if self.marker else line


def is_place(source: Source, text: str) -> bool:
    """Tell whether a requirement is a path or URL and not a name, by pip's rules."""
    place = _place_of(text)
    if "://" in place.partition("@")[0] or place.startswith(("file:", *_VERSION_CONTROL)):
        return True
    if "@" in place:
        return False
    looks = place.startswith((".", "/", "~")) or "/" in place
    return looks or place.lower().endswith(_ARCHIVES) or (source.root / place / "pyproject.toml").is_file()


def placed_requirement(source: Source, file: Path, text: str, origin: str) -> Requirement:
    """Read a place: ``name[extras] @ URL ; marker`` for a wheel; ``build`` for what is no wheel yet.

    ``file`` is the requirements file: a path is taken from the model folder, as pip has it, else from
    beside that file. NeedsBuild for what is neither a wheel nor a folder or archive of this disk.
    """
    named = _named(source, text)
    place, fragment = _split_fragment(named.place)
    path = _path(source, file, place)
    if path is not None and (path.is_dir() or place.lower().endswith(SOURCE_ARCHIVES)):
        return _to_build(source, path, place, named, origin)
    if not place.lower().endswith(".whl"):
        raise NeedsBuild("it is not a wheel and must be built first")
    url = path.as_uri() if path else place
    line = f"{named.name or _distribution(url)}{named.suffix} @ {url}{fragment}"
    return Requirement(named.before_marker(line), origin)


def editable_requirement(source: Source, file: Path, text: str, origin: str) -> Requirement:
    """Read what ``-e`` names: a folder of the source, which is installed as a wheel like any other."""
    if "@" not in text and not is_place(source, text):
        text = f"./{text}"
    found = placed_requirement(source, file, text, origin)
    if not Path(found.build).is_dir() or not found.build:
        raise PlaceInvalid("only a folder can be editable")
    return found


def _named(source: Source, text: str) -> _Named:
    if not is_place(source, text):
        from packaging.requirements import Requirement as Pep508

        parsed = Pep508(text)
        return _Named(parsed.name, parsed.url or "", tuple(sorted(parsed.extras)), str(parsed.marker or ""))
    from packaging.markers import Marker

    found = _PLACE.match(text)
    assert found is not None, "the pattern accepts every text"
    extras = tuple(sorted(re.findall(r"[^\s,\[\]]+", found["extras"] or "")))
    marker = (found["marker"] or "").strip().removeprefix(";").strip()
    return _Named("", found["place"].strip(), extras, str(Marker(marker)) if marker else "")


def _to_build(source: Source, path: Path, place: str, named: _Named, origin: str) -> Requirement:
    if path.is_dir() and not path.is_relative_to(source.root.resolve()):
        raise PlaceInvalid("a folder to build must lie in the model folder")
    # Never like a name: a name is what the wheel has to be called.
    shown = place if place.startswith((".", "/", "~", "file:")) else f"./{place}"
    line = f"{named.name}{named.suffix} @ {place}" if named.name else f"{shown}{named.suffix}"
    return Requirement(named.before_marker(line), origin, build=str(path), extras=named.extras)


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


def _split_fragment(place: str) -> tuple[str, str]:
    """Keep a hash of the fragment; ``#egg=`` says nothing about a wheel."""
    place, _, fragment = place.partition("#")
    hashes = [part for part in fragment.split("&") if part.startswith("sha256=")]
    return place, f"#{hashes[0]}" if hashes else ""


def _path(source: Source, file: Path, place: str) -> Path | None:
    """Return the path that a place of this disk means; None for one of the network."""
    if place.startswith(_VERSION_CONTROL):
        raise NeedsBuild("a repository must be built first")
    if "://" in place and not place.startswith("file:"):
        return None
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
