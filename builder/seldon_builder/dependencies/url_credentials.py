"""Keep users and passwords out of URLs that are shown or stored."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from ..package_index import IndexCredential
from ..secret import MASK, Secret

# A password that nobody percent-encoded may hold / ? and #: whatever begins like one ends at the last @.
_USER_PART = re.compile(r"(?<=://)(?:[^/\s?#:@]*:\S*|[^/\s?#]*)@")
_ENCODE = "percent-encode the user and password: / is %2F, # is %23, ? is %3F, @ is %40, a blank is %20"


class UrlInvalid(ValueError):
    """A URL is malformed; the message never shows it, for where its password ends is anyone's guess."""


def split_credentials(url: str) -> tuple[str, IndexCredential | None]:
    """Take the user part off ``url``; a credential for every URL below it where there was one.

    UrlInvalid where its host or port cannot be read.
    """
    parts = _split(url)
    user_part, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    bare = urlunsplit(parts._replace(netloc=host))
    user, _, password = user_part.partition(":")
    return bare, IndexCredential(bare, Secret(unquote(user)), Secret(unquote(password)))


def checked_index(url: str) -> str:
    """Return an index's URL as it is; UrlInvalid where host and password cannot be told apart."""
    parts = _split(url)
    if "@" not in parts.netloc and "@" in url and (":" in parts.netloc or not parts.netloc):
        raise UrlInvalid(f"the URL has an @ after its host; {_ENCODE}")
    return url


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        # What urllib says would show the password.
        raise UrlInvalid(f"host or port of the URL cannot be read; {_ENCODE}") from None
    return parts


def with_credentials(url: str, credentials: Iterable[IndexCredential]) -> str:
    """Put the user part back: for an engine's environment, never for an argument or a file that stays."""
    found = credential_for(url, credentials)
    if found is None:
        return url
    parts = urlsplit(url)
    user, password = quote(found.username.reveal(), safe=""), quote(found.password.reveal(), safe="")
    user_part = f"{user}:{password}" if password else user
    return urlunsplit(parts._replace(netloc=f"{user_part}@{parts.netloc}"))


def credential_for(url: str, credentials: Iterable[IndexCredential]) -> IndexCredential | None:
    """Return the credential of the longest URL that ``url`` lies below, else one of its very host.

    Indexes keep their files beside their pages (``/simple``, ``/files``), so a credential serves its host
    and port, as pip has it.
    """
    same_host = [item for item in credentials if _origin(item.url) == _origin(url)]
    above = [item for item in same_host if _lies_below(url, item.url)]
    return max(above or same_host, key=lambda item: len(item.url), default=None)


def masked(text: str) -> str:
    """Replace the user part of every URL in ``text``."""
    return _USER_PART.sub(f"{MASK}@", text)


def _lies_below(url: str, above: str) -> bool:
    path, folder = urlsplit(url).path.rstrip("/"), urlsplit(above).path.rstrip("/")
    return path == folder or path.startswith(f"{folder}/")


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port
