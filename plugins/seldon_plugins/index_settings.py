"""Where packages come from, as the variables of pip, uv and older wrappers say it."""

from __future__ import annotations

from pathlib import Path

from seldon_builder import hookimpl
from seldon_builder.dependencies.file_url import path_of
from seldon_builder.dependencies.url_credentials import UrlInvalid, checked_index, split_credentials
from seldon_builder.errors.source import SettingInvalid
from seldon_builder.package_index import IndexCredential, PackageIndex
from seldon_builder.secret import Secret
from seldon_builder.settings import Settings
from seldon_builder.source import Source

INDEX_URL = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
EXTRA_INDEX_URLS = ("EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")
TRUSTED_HOSTS = ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST")
CA_BUNDLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
NO_INDEX = ("PIP_NO_INDEX", "UV_NO_INDEX")
OFFLINE = ("UV_OFFLINE",)
_NO = ("", "0", "false", "no", "off", "f", "n")


@hookimpl
def seldon_package_index(source: Source, settings: Settings) -> PackageIndex | None:
    """Collect the index variables; of several with one meaning, pip's name is asked before uv's."""
    credentials: list[IndexCredential] = []
    index_urls = _urls(settings, INDEX_URL, credentials)
    index = PackageIndex(
        index_url=index_urls[0] if index_urls else "",
        extra_index_urls=_urls(settings, EXTRA_INDEX_URLS, credentials),
        find_links=_find_links(source, settings, credentials),
        trusted_hosts=_words(settings, TRUSTED_HOSTS),
        ca_bundle=next((Path(value) for name in CA_BUNDLES if (value := settings.get(name))), None),
        proxies=_proxies(settings),
        credentials=tuple(credentials),
        no_index=_any(settings, NO_INDEX),
        offline=_any(settings, OFFLINE),
    )
    return None if index == PackageIndex() else index


def _urls(settings: Settings, names: tuple[str, ...], credentials: list[IndexCredential]) -> tuple[str, ...]:
    return tuple(
        _checked(name, _unnamed(word), credentials) for name in names for word in _words(settings, (name,))
    )


def _checked(name: str, url: str, credentials: list[IndexCredential]) -> str:
    try:
        return _bare(checked_index(url), credentials)
    except UrlInvalid as error:
        raise SettingInvalid([f"{name}: {error}"]) from error


def _unnamed(word: str) -> str:
    # uv allows name=url.
    name, equals, url = word.partition("=")
    return url if equals and "://" not in name else word


def _bare(url: str, credentials: list[IndexCredential]) -> str:
    bare, credential = split_credentials(url)
    if credential:
        credentials.append(credential)
    return bare


def _find_links(source: Source, settings: Settings, credentials: list[IndexCredential]) -> tuple[str, ...]:
    separators = {"PIP_FIND_LINKS": None, "UV_FIND_LINKS": ","}
    return tuple(
        _folder_or_url(source, name, word, credentials)
        for name, separator in separators.items()
        for word in _words(settings, (name,), separator)
    )


def _folder_or_url(source: Source, name: str, word: str, credentials: list[IndexCredential]) -> str:
    if word.startswith("file://"):
        return str(path_of(word))
    return _checked(name, word, credentials) if "://" in word else str(source.root.resolve() / word)


def _words(settings: Settings, names: tuple[str, ...], separator: str | None = None) -> tuple[str, ...]:
    return tuple(
        word.strip() for name in names for word in settings.get(name).split(separator) if word.strip()
    )


def _proxies(settings: Settings) -> tuple[tuple[str, Secret], ...]:
    found = ((name, settings.get(name) or settings.get(name.upper())) for name in PROXIES)
    return tuple((name, Secret(value)) for name, value in found if value)


def _any(settings: Settings, names: tuple[str, ...]) -> bool:
    return any(settings.get(name).lower() not in _NO for name in names)
