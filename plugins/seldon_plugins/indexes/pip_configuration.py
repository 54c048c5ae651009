"""Where packages come from, as pip's configuration files say it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from seldon_builder import hookimpl
from seldon_builder.errors.indexes import IndexConfigurationInvalid
from seldon_builder.folders import Folders
from seldon_builder.package_index import PackageIndex
from seldon_builder.secret import Secret
from seldon_builder.settings import Settings
from seldon_builder.source import Source, read_inside

from .index_gathering import Gathering

NAMED, IN_SOURCE = "PIP_CONFIG_FILE", "pip.conf"
# Of pip's sections, those that hold for what a build does; the later wins.
SECTIONS = ("global", "download", "install")
_YES = ("1", "true", "yes", "on", "t", "y")


@hookimpl
def seldon_package_index(source: Source, settings: Settings, folders: Folders) -> PackageIndex | None:
    """Read the files that pip would, the strongest first, and before them the one in the model folder."""
    named = settings.get(NAMED)
    if named == os.devnull:
        # pip's own way to say that none of its files counts.
        return None
    gathering, index = Gathering(), PackageIndex()
    places = [source.root / named] if named else []
    for path in (*places, *_files(source, folders)):
        inside = path == source.root / IN_SOURCE
        text = gathering.text(path, (lambda _: read_inside(source.root, IN_SOURCE)) if inside else None)
        found = index_from_pip(text, str(path), gathering, path.parent)
        index = index.merged(found) if found else index
    if gathering.problems:
        raise IndexConfigurationInvalid(gathering.problems)
    return None if index == PackageIndex() else index


def _files(source: Source, folders: Folders) -> Iterator[Path]:
    places = (
        (source.root, IN_SOURCE),
        (folders.configuration, "pip/pip.conf"),
        (folders.home, ".pip/pip.conf"),
        (folders.system, "pip.conf"),
        (folders.system, "xdg/pip/pip.conf"),
    )
    return (folder / name for folder, name in places if folder and (folder / name).exists())


def index_from_pip(text: str, origin: str, gathering: Gathering, folder: Path) -> PackageIndex | None:
    """Read what a pip.conf says of indexes; None for nothing. Relative folders start at ``folder``."""
    said = _said(text, origin, gathering) if text.strip() else {}

    def words(key: str) -> list[str]:
        return said.get(key, "").split()

    index_urls = gathering.urls(f"{origin}: index-url", said.get("index-url", ""))
    extra = gathering.urls(f"{origin}: extra-index-url", said.get("extra-index-url", ""))
    links = (gathering.place(f"{origin}: find-links", word, folder) for word in words("find-links"))
    cert, proxy = said.get("cert", ""), said.get("proxy", "")
    index = PackageIndex(
        index_url=index_urls[0] if index_urls else "",
        extra_index_urls=extra,
        find_links=tuple(filter(None, links)),
        trusted_hosts=tuple(words("trusted-host")),
        ca_bundle=folder / Path(cert).expanduser() if cert else None,
        timeout=gathering.seconds(f"{origin}: timeout", said.get("timeout", "")),
        proxies=tuple((name, Secret(proxy)) for name in ("http_proxy", "https_proxy") if proxy),
        no_index=said.get("no-index", "").lower() in _YES,
        origins=(origin,),
        credentials=tuple(gathering.credentials),
    )
    return None if index == PackageIndex() else index


def _said(text: str, origin: str, gathering: Gathering) -> dict[str, str]:
    from configparser import Error, RawConfigParser

    parser = RawConfigParser()
    try:
        parser.read_string(text)
    except Error as error:
        # Its message shows the line, which may hold a password.
        lines = f", line {number}" if (number := getattr(error, "lineno", 0)) else ""
        gathering.problems.append(f"{origin}{lines}: pip cannot read it ({type(error).__name__})")
        return {}
    return {
        key.replace("_", "-").removeprefix("--"): value
        for section in SECTIONS
        if parser.has_section(section)
        for key, value in parser.items(section)
    }
