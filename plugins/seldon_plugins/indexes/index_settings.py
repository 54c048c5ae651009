"""Where packages come from, as the variables of pip, uv and older wrappers say it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seldon_builder import hookimpl
from seldon_builder.errors.source import SettingInvalid
from seldon_builder.inputs.settings_reading import CALLER
from seldon_builder.package_index import IndexPin, PackageIndex
from seldon_builder.secret import Secret
from seldon_builder.settings import Settings
from seldon_builder.source import Source

from .index_gathering import Gathering, named_login

INDEX_URL = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
EXTRA_INDEX_URLS = ("EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")
FIND_LINKS = {"PIP_FIND_LINKS": None, "UV_FIND_LINKS": ","}
TRUSTED_HOSTS = ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST")
CA_BUNDLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
TIMEOUTS = ("PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT", "UV_HTTP_TIMEOUT")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
NO_INDEX = ("PIP_NO_INDEX", "UV_NO_INDEX")
OFFLINE = ("UV_OFFLINE",)
PINS = "SELDON_INDEX_PINS"
_NO = ("", "0", "false", "no", "off", "f", "n")


@hookimpl
def seldon_package_index(source: Source, settings: Settings) -> PackageIndex | None:
    """Collect the index variables.

    Of several with one meaning, those given to this build count before those of the caller's environment,
    then pip's names before uv's.
    """
    gathering = Gathering()
    index_urls = _urls(settings, INDEX_URL, gathering)
    extra, links = _urls(settings, EXTRA_INDEX_URLS, gathering), _find_links(source, settings, gathering)
    pins, timeout = tuple(_pins(settings, gathering)), _timeout(settings, gathering)
    if gathering.problems:
        raise SettingInvalid(gathering.problems)
    index = PackageIndex(
        index_url=index_urls[0] if index_urls else "",
        extra_index_urls=extra,
        find_links=links,
        pins=pins,
        trusted_hosts=_words(settings, TRUSTED_HOSTS),
        ca_bundle=_ca_bundle(settings),
        timeout=timeout,
        proxies=_proxies(settings),
        credentials=tuple(gathering.credentials),
        no_index=_any(settings, NO_INDEX),
        offline=_any(settings, OFFLINE),
    )
    return None if index == PackageIndex() else index


def _urls(settings: Settings, names: tuple[str, ...], gathering: Gathering) -> tuple[str, ...]:
    return tuple(
        bare
        for name in _by_strength(settings, names)
        for word in _words(settings, (name,))
        if (bare := _url(settings, name, word, gathering))
    )


def _url(settings: Settings, variable: str, word: str, gathering: Gathering) -> str:
    # uv allows name=url, and then a user and a password in variables of that name.
    name, equals, url = word.partition("=")
    if not equals or "://" in name:
        name, url = "", word
    return gathering.url(variable, url, named_login(name, settings.get))


def _find_links(source: Source, settings: Settings, gathering: Gathering) -> tuple[str, ...]:
    return tuple(
        found
        for name, separator in FIND_LINKS.items()
        for word in _words(settings, (name,), separator)
        if (found := gathering.place(name, word, source.root))
    )


def _pins(settings: Settings, gathering: Gathering) -> Iterator[IndexPin]:
    for word in _words(settings, (PINS,)):
        name, _, url = word.partition("=")
        yield from gathering.pin(PINS, name, url)


def _ca_bundle(settings: Settings) -> Path | None:
    said = (settings.get(name) for name in _by_strength(settings, CA_BUNDLES))
    return next((Path(value) for value in said if value), None)


def _timeout(settings: Settings, gathering: Gathering) -> int:
    said = ((name, settings.get(name)) for name in _by_strength(settings, TIMEOUTS))
    return next((gathering.seconds(name, value) for name, value in said if value), 0)


def _words(settings: Settings, names: tuple[str, ...], separator: str | None = None) -> tuple[str, ...]:
    found = (
        word.strip() for name in _by_strength(settings, names) for word in settings.get(name).split(separator)
    )
    return tuple(filter(None, found))


def _by_strength(settings: Settings, names: tuple[str, ...]) -> list[str]:
    def is_ambient(name: str) -> bool:
        setting = settings.find(name)
        return setting is not None and setting.origin == CALLER

    return sorted(names, key=is_ambient)


def _proxies(settings: Settings) -> tuple[tuple[str, Secret], ...]:
    found = ((name, settings.get(name) or settings.get(name.upper())) for name in PROXIES)
    return tuple((name, Secret(value)) for name, value in found if value)


def _any(settings: Settings, names: tuple[str, ...]) -> bool:
    return any(settings.get(name).lower() not in _NO for name in names)
