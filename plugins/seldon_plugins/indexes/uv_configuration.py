"""Where packages come from, as uv's settings say it: uv.toml, or [tool.uv] of pyproject.toml."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seldon_builder import hookimpl
from seldon_builder.errors.indexes import IndexConfigurationInvalid
from seldon_builder.folders import Folders
from seldon_builder.package_index import IndexPin, PackageIndex
from seldon_builder.settings import Settings
from seldon_builder.source import Source, read_inside

from .index_gathering import Gathering, named_login

NAMED, IGNORED = "UV_CONFIG_FILE", "UV_NO_CONFIG"
FILE, PROJECT = "uv.toml", "pyproject.toml"
# What uv answers where nobody says who may be asked: the words of a file that ask for nothing.
_NO = ("", "0", "false")


@hookimpl
def seldon_package_index(source: Source, settings: Settings, folders: Folders) -> PackageIndex | None:
    """Read the file that UV_CONFIG_FILE names, else the model folder's, the caller's and the system's."""
    gathering, index = Gathering(), PackageIndex()
    for path, table in _tables(source, settings, folders, gathering):
        reading = _Reading(path, gathering, settings.get)
        index = index.merged(reading.index(table))
    if gathering.problems:
        raise IndexConfigurationInvalid(gathering.problems)
    return None if index == PackageIndex() else index


def _tables(
    source: Source, settings: Settings, folders: Folders, gathering: Gathering
) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    own, project = source.root / FILE, source.root / PROJECT
    if named := settings.get(NAMED):
        yield source.root / named, _parsed(source.root / named, gathering)
        return
    # Of uv.toml and pyproject.toml side by side uv reads the first alone.
    if own.exists():
        yield own, _parsed(own, gathering, lambda _: read_inside(source.root, FILE))
    elif project.exists() and b"tool.uv" in (content := _content(source)):
        tool = _parsed(project, gathering, lambda _: content).get("tool")
        table = tool.get("uv") if isinstance(tool, dict) else None
        yield project, table if isinstance(table, dict) else {}
    if settings.get(IGNORED).lower() not in _NO:
        return
    for folder in (folders.configuration, folders.system):
        if folder and (folder / "uv" / FILE).exists():
            yield folder / "uv" / FILE, _parsed(folder / "uv" / FILE, gathering)


def _content(source: Source) -> bytes:
    """Read the project's file; what is wrong with it is for the resolver of projects to say."""
    try:
        return read_inside(source.root, PROJECT)
    except OSError:
        return b""


def _parsed(
    path: Path, gathering: Gathering, read: Callable[[Path], bytes] | None = None
) -> Mapping[str, Any]:
    from seldon_builder.toml_text import NotToml, read_toml

    try:
        return read_toml(gathering.text(path, read))
    except NotToml as error:
        gathering.problems.append(f"{path}: {error}")
        return {}


@dataclass
class _Reading:
    """One table of uv's settings, and what its indexes are called."""

    path: Path
    gathering: Gathering
    find: Callable[[str], str]
    names: dict[str, str] = field(default_factory=dict)

    def index(self, table: Mapping[str, Any]) -> PackageIndex:
        default, extra = list[str](), list[str]()
        for entry in self._tables(table, "index"):
            url = self._named(entry)
            # An explicit index serves what [tool.uv.sources] names, and nothing else.
            if url and entry.get("explicit") is not True:
                (default if entry.get("default") is True else extra).append(url)
        pip = self._table(table, "pip")
        found = self._plain(table).merged(self._plain(pip))
        return PackageIndex(
            index_url=default[0] if default else "",
            extra_index_urls=tuple(extra),
            pins=tuple(self._pins(self._table(table, "sources"))),
            credentials=tuple(self.gathering.credentials),
            origins=(str(self.path),),
        ).merged(found)

    def _named(self, entry: Mapping[str, Any]) -> str:
        name, url = self._text(entry, "name"), self._text(entry, "url")
        bare = self.gathering.url(self._at("index"), url, named_login(name, self.find)) if url else ""
        if name:
            self.names[name] = bare
        return bare

    def _plain(self, table: Mapping[str, Any]) -> PackageIndex:
        """Read the keys that are also options of uv, at the top or below ``pip``."""
        url = self._text(table, "index-url")
        return PackageIndex(
            index_url=self.gathering.url(self._at("index-url"), url) if url else "",
            extra_index_urls=self._urls(table, "extra-index-url"),
            find_links=tuple(
                self.gathering.place(self._at("find-links"), place, self.path.parent)
                for place in self._texts(table, "find-links")
            ),
            trusted_hosts=self._texts(table, "allow-insecure-host"),
            no_index=table.get("no-index") is True,
            offline=table.get("offline") is True,
        )

    def _urls(self, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        found = (self.gathering.url(self._at(key), url) for url in self._texts(table, key))
        return tuple(filter(None, found))

    def _pins(self, sources: Mapping[str, Any]) -> Iterator[IndexPin]:
        for package, said in sources.items():
            for source in said if isinstance(said, list) else [said]:
                if not isinstance(source, dict) or not isinstance(name := source.get("index"), str):
                    continue
                if name not in self.names:
                    self._problem(f"sources.{package}", f"there is no index {name!r}")
                elif self.names[name]:
                    yield from self.gathering.pin(self._at(f"sources.{package}"), package, self.names[name])

    def _table(self, parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        found = parent.get(key, {})
        if isinstance(found, dict):
            return found
        self._problem(key, "must be a table")
        return {}

    def _tables(self, parent: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        found = parent.get(key, [])
        if isinstance(found, list) and all(isinstance(item, dict) for item in found):
            return found
        self._problem(key, "must be [[tables]] with name and url")
        return []

    def _text(self, table: Mapping[str, Any], key: str) -> str:
        found = table.get(key, "")
        if isinstance(found, str):
            return found
        self._problem(key, "must be a string")
        return ""

    def _texts(self, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        found = table.get(key, [])
        if isinstance(found, list) and all(isinstance(item, str) for item in found):
            return tuple(found)
        self._problem(key, "must be a list of strings")
        return ()

    def _problem(self, key: str, reason: str) -> None:
        self.gathering.problems.append(f"{self._at(key)}: {reason}")

    def _at(self, key: str) -> str:
        return f"{self.path}: {key}"
