"""Source archives on package indexes: their pages of PEP 503 and PEP 691, and local folders."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urljoin

from ..dependencies.download import Downloads, Received
from ..detection import Requirement
from ..digest import SHA256_HEX, Digest
from ..errors.resolution import EngineFailed, IndexUnreachable
from ..layers.content_digests import file_digest
from ..lock import Artifact, canonical_name
from ..package_index import PackageIndex
from ..store import Store
from ..target import Target

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

ENDINGS = (".tar.gz", ".zip")
LARGEST_PAGE = 64 << 20


class WheelThere(Exception):
    """There is a wheel that fits: what the engine lacks is a version that all requirements allow."""


@dataclass(frozen=True)
class Link:
    """A file that a page links to; ``sha256`` is empty where the page does not tell it."""

    url: str
    sha256: str = ""
    requires_python: str = ""
    is_yanked: bool = False

    @property
    def filename(self) -> str:
        """The file's name."""
        return unquote(self.url.rsplit("/", 1)[-1])


def best_archive(
    name: str,
    wanted: SpecifierSet,
    asked: Sequence[Requirement],
    index: PackageIndex,
    target: Target,
    store: Store,
) -> Artifact | None:
    """Return the newest source archive of ``name`` that is ``wanted`` and fits; None where there is none.

    WheelThere where a wheel of that version, or of a newer one, fits. Where the lines ``asked`` have hashes,
    its own must be among them.
    """
    hashes = {digest for item in asked for digest in item.hashes}
    pinned = any(part.operator in ("==", "===") for part in wanted)
    found: dict[Version, Link] = {}
    with_wheel: list[Version] = []
    for link in _links(name, index, store):
        with_wheel += _wheel_version(link, name, target)
        version = _version(link, name)
        allowed = not hashes or f"sha256:{link.sha256}" in hashes
        if version and allowed and _fits(link, target) and (pinned or not link.is_yanked):
            found.setdefault(version, link)
    fitting = list(wanted.filter(found))
    if not fitting:
        return None
    newest = max(fitting)
    if any(version >= newest for version in wanted.filter(with_wheel)):
        raise WheelThere(name)
    link = found[newest]
    sha256 = Digest(link.sha256) if link.sha256 else _downloaded(link.url, index, store)
    return Artifact(name, str(newest), link.url, sha256)


def _links(name: str, index: PackageIndex, store: Store) -> Iterator[Link]:
    places = (*index.wheel_folders, *index.find_links)
    for place in places:
        if "://" not in place:
            paths = sorted(Path(place).glob("*"))
            yield from (_local(path, store) for path in paths if _is_archive(path.name))
            yield from (Link(path.absolute().as_uri()) for path in paths if path.suffix == ".whl")
    if index.offline:
        return
    pages = [place for place in places if "://" in place]
    pages += [f"{url.rstrip('/')}/{name}/" for url in _indexes(name, index)]
    with closing(Downloads(index)) as downloads:
        for url in pages:
            yield from links_of(_page(url, downloads), url)


def _local(path: Path, store: Store) -> Link:
    return Link(path.absolute().as_uri(), file_digest(path, store).hex)


def _indexes(name: str, index: PackageIndex) -> tuple[str, ...]:
    pins = tuple(pin.url for pin in index.pins if pin.name == name)
    if pins:
        return pins
    return () if index.no_index else (index.index_url or _default_index(), *index.extra_index_urls)


def _default_index() -> str:
    """Return pip's own default, which is uv's as well."""
    try:
        from pip._internal.models.index import PyPI
    except ImportError as error:
        raise EngineFailed("pip", "it does not tell its default index.", hint="set PIP_INDEX_URL") from error
    return str(PyPI.simple_url)


def _page(url: str, downloads: Downloads) -> bytes:
    page = bytearray()

    def write(data: bytes) -> None:
        page.extend(data)
        if len(page) > LARGEST_PAGE:
            raise IndexUnreachable(url, f"its page is larger than {LARGEST_PAGE >> 20} MiB")

    try:
        downloads.get(url, Received(write, _any_length))
    except IndexUnreachable as error:
        # Another index may have the package.
        if "answers 404" in error.message:
            return b""
        raise
    return bytes(page)


def links_of(page: bytes, url: str) -> Iterable[Link]:
    """Read a page of PEP 691 (JSON) or PEP 503 (HTML); what is neither has no links."""
    text = page.decode(errors="replace")
    if text.lstrip().startswith("{"):
        return list(_from_json(text, url))
    reader = _Anchors(url)
    reader.feed(text)
    return reader.links


def _from_json(text: str, url: str) -> Iterator[Link]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return
    files = found.get("files") if isinstance(found, dict) else None
    for file in files if isinstance(files, list) else ():
        if isinstance(file, dict) and isinstance(file.get("url"), str):
            hashes = file.get("hashes")
            yield Link(
                urljoin(url, file["url"]),
                _sha256(hashes.get("sha256") if isinstance(hashes, dict) else ""),
                str(file.get("requires-python") or ""),
                bool(file.get("yanked")),
            )


class _Anchors(HTMLParser):
    """Collects the links of a page."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url, self.links = url, list[Link]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "base" and said.get("href"):
            self._url = urljoin(self._url, said["href"] or "")
        if tag != "a" or not said.get("href"):
            return
        url, fragment = urldefrag(urljoin(self._url, said["href"] or ""))
        sha256 = _sha256(fragment.removeprefix("sha256="))
        self.links.append(Link(url, sha256, said.get("data-requires-python") or "", "data-yanked" in said))


def _sha256(text: Any) -> str:
    return text if isinstance(text, str) and SHA256_HEX.fullmatch(text) else ""


def _is_archive(name: str) -> bool:
    return name.endswith(ENDINGS)


def _version(link: Link, name: str) -> Version | None:
    from packaging.utils import InvalidSdistFilename, parse_sdist_filename

    if not _is_archive(link.filename):
        return None
    try:
        found, version = parse_sdist_filename(link.filename)
    except InvalidSdistFilename:
        return None
    return version if canonical_name(found) == name else None


def _wheel_version(link: Link, name: str, target: Target) -> list[Version]:
    """Return the version of a wheel of ``name`` that fits ``target``; nothing for any other file."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    if not link.filename.endswith(".whl"):
        return []
    try:
        found, version, _, tags = parse_wheel_filename(link.filename)
    except InvalidWheelFilename:
        return []
    is_it = found == name and not link.is_yanked and _fits(link, target)
    return [version] if is_it and not tags.isdisjoint(target.tags) else []


def _fits(link: Link, target: Target) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(link.requires_python).contains(target.python_version, prereleases=True)
    except InvalidSpecifier:
        return True


def _downloaded(url: str, index: PackageIndex, store: Store) -> Digest:
    """Store a file whose hash nobody tells."""
    with closing(Downloads(index)) as downloads, store.writer() as writer:

        def write(data: bytes) -> None:
            writer.write(data)

        downloads.get(url, Received(write, _any_length))
        return writer.commit()


def _any_length(length: int) -> None:
    """Accept what a server says about the length: what comes is counted where that matters."""
