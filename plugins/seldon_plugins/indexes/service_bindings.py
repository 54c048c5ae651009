"""Indexes and certificates that a platform binds to a build: a folder each, a file each key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seldon_builder import hookimpl
from seldon_builder.errors.indexes import BindingInvalid
from seldon_builder.folders import Folders
from seldon_builder.package_index import PackageIndex
from seldon_builder.settings import Settings
from seldon_builder.source import read_regular

from .index_gathering import LARGEST_FILE, Gathering
from .netrc_credentials import NetrcInvalid, credentials_from
from .pip_configuration import index_from_pip

ROOT, LEGACY = "SERVICE_BINDING_ROOT", "CNB_BINDINGS"
PYPI, CERTIFICATES = ("pypi", "pip"), "ca-certificates"
INDEX_KEYS, EXTRA_KEYS = ("uri", "index-url"), ("extra-index-url",)
_NO_KEYS = ("type", "provider")
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


@dataclass(frozen=True)
class Binding:
    """One folder of a platform: its type in lower case, and the files that are its keys."""

    folder: Path
    type: str
    keys: dict[str, Path]

    @property
    def name(self) -> str:
        """What the platform calls it."""
        return f"binding {self.folder.name}"


@hookimpl
def seldon_package_index(settings: Settings, folders: Folders) -> PackageIndex | None:
    """Join all bindings of our types; those of other types are other programs'."""
    gathering, index = Gathering(), PackageIndex()
    for binding in _bindings(settings, folders, gathering):
        if binding.type in PYPI:
            index = index.merged(_index(binding, gathering))
        elif binding.type == CERTIFICATES:
            index = index.merged(PackageIndex(certificates=tuple(_certificates(binding, gathering))))
    if gathering.problems:
        raise BindingInvalid(gathering.problems)
    # Credentials take no part in what an index is equal to.
    return index if index != PackageIndex() or index.credentials else None


def _bindings(settings: Settings, folders: Folders, gathering: Gathering) -> Iterator[Binding]:
    """Look where the libraries of other buildpacks look: the first place that is named counts, alone."""
    kind, keys = "type", ""
    if root := settings.get(ROOT):
        place = Path(root)
    elif root := settings.get(LEGACY):
        place, kind, keys = Path(root), "metadata/kind", "secret"
    elif folders.platform:
        place = folders.platform / "bindings"
    else:
        return
    if not place.is_dir():
        if root:
            gathering.problems.append(f"{place}: there is no such folder")
        return
    for folder in sorted(place.iterdir()):
        # Kubernetes keeps the versions of a volume in ..data and its like.
        if folder.is_dir() and not folder.name.startswith("."):
            yield from _binding(folder, kind, keys, gathering)


def _binding(folder: Path, kind: str, keys: str, gathering: Gathering) -> Iterator[Binding]:
    if not (folder / kind).is_file():
        gathering.problems.append(f"binding {folder.name}: it has no file {kind}")
        return
    found = gathering.text(folder / kind).strip().lower()
    inside = folder / keys
    files = [path for path in inside.iterdir() if path.is_file()] if inside.is_dir() else []
    names = {path.name: path for path in sorted(files) if path.name not in _NO_KEYS}
    yield Binding(folder, found, {name: path for name, path in names.items() if not name.startswith("..")})


def _index(binding: Binding, gathering: Gathering) -> PackageIndex:
    def said(*keys: str) -> str:
        return next((gathering.text(binding.keys[key]).strip() for key in keys if key in binding.keys), "")

    if "pip.conf" in binding.keys:
        where = f"{binding.name}: pip.conf"
        read = index_from_pip(said("pip.conf"), where, gathering, binding.folder) or PackageIndex()
    else:
        login = (said("username"), said("password"))
        read = PackageIndex(
            index_url=gathering.url(f"{binding.name}: uri", uri, login) if (uri := said(*INDEX_KEYS)) else "",
            extra_index_urls=gathering.urls(f"{binding.name}: extra-index-url", said(*EXTRA_KEYS), login),
            origins=(binding.name,),
            credentials=tuple(gathering.credentials),
        )
    hosts = _netrc(binding, gathering)
    if read == PackageIndex() and not hosts.credentials:
        keys = ", ".join(("pip.conf", *INDEX_KEYS, *EXTRA_KEYS, ".netrc"))
        gathering.problems.append(f"{binding.name}: it names no index; it has none of the keys {keys}")
    return read.merged(hosts)


def _netrc(binding: Binding, gathering: Gathering) -> PackageIndex:
    if ".netrc" not in binding.keys:
        return PackageIndex()
    try:
        return PackageIndex(credentials=credentials_from(binding.keys[".netrc"]))
    except NetrcInvalid as error:
        gathering.problems.append(f"{binding.name}: .netrc: {error}")
        return PackageIndex()


def _certificates(binding: Binding, gathering: Gathering) -> Iterator[str]:
    for key, path in binding.keys.items():
        text = gathering.text(path, lambda place: read_regular(place, LARGEST_FILE)).strip()
        # One a key, as the other buildpacks hold it: more would be passed by without a word there.
        if text.count(_BEGIN) != 1 or not text.endswith(_END) or not _is_certificate(text):
            gathering.problems.append(f"{binding.name}: {key} is not exactly one certificate in PEM")
        else:
            yield text


def _is_certificate(text: str) -> bool:
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        return False
    return True
