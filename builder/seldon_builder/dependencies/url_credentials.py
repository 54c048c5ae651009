"""Keep users, passwords and tokens out of URLs that are shown or stored."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from ..package_index import IndexCredential
from ..secret import MASK, Secret

# A password that nobody percent-encoded may hold / ? and #: whatever begins like one ends at the last @.
_USER_PART = re.compile(r"(?<=://)(?:[^/\s?#:@]*:\S*|[^/\s?#]*)@")
# What the query of a URL is called that lets its bearer in. Signatures of storage services expire, and are
# the server's own.
_WORDS = "token|passw(?:or)?d|secret|api_?key|auth|credential"
_BEARING = rf"(?!x-(?:amz|goog))(?:[\w.-]*(?:{_WORDS})[\w.-]*|key)"
# ${NAME}, {name} and %s are filled in later: names of secrets, not secrets.
_SECRET_QUERY = re.compile(
    rf"(?<=[?&;#])({_BEARING}=)(?!\$|\{{|%\(|%s|\*\*\*)([^&\s#'\"`<>()\[\]]+)", re.IGNORECASE
)
# Servers of conda's channels take a token as a part of the path.
_SECRET_PATH = re.compile(r"(://[^\s?#]*?/t/)(?!\*\*\*)([A-Za-z0-9_-]{8,})(?=/)")
# What was meant as a URL with a user, in a line that is none: a blank in its password, or no scheme.
_WITH_BLANKS = re.compile(r"(?<=://)[^/\s?#:@'\"]*:[^'\"@/]*\s[^'\"@]*@")
_NO_SCHEME = re.compile(r"(?<![^\s'\"=/:])[^\s'\"=/:@]+:[^\s'\"/@]+@(?=[\w.-]+)")
_QUERY = re.compile(r"(://[^\s?#'\"`<>]*)\?([^\s#'\"`<>]+)")
_ENCODE = "percent-encode the user and password: / is %2F, # is %23, ? is %3F, @ is %40, a blank is %20"


class UrlInvalid(ValueError):
    """A URL is malformed; the message never shows it, for where its password ends is anyone's guess."""


def split_credentials(url: str) -> tuple[str, IndexCredential | None]:
    """Take user, ``?token=`` and ``/t/token/`` off ``url``; a credential for all below where there was one.

    UrlInvalid where its host or port cannot be read.
    """
    parts = _split(url)
    user_part, at, host = parts.netloc.rpartition("@")
    tokens = [pair for pair in parts.query.split("&") if _SECRET_QUERY.search(f"?{pair}")]
    begin, path = _split_path(parts)
    if not at and not tokens and not begin:
        return url, None
    query = "&".join(pair for pair in parts.query.split("&") if pair not in tokens)
    bare = urlunsplit(parts._replace(netloc=host, path=path, query=query))
    user, _, password = user_part.partition(":")
    return bare, IndexCredential(
        bare,
        Secret(unquote(user)),
        Secret(unquote(password)),
        Secret("&".join(tokens)),
        Secret(begin),
    )


def _split_path(parts: SplitResult) -> tuple[str, str]:
    """Return what a path begins with, up to its token ("" where it has none), and the path without that."""
    found = _SECRET_PATH.match(f"://{parts.netloc}{parts.path}")
    if not found:
        return "", parts.path
    end = found.end() - len(f"://{parts.netloc}")
    begin = parts.path[:end]
    return begin, begin.rpartition("/t/")[0] + parts.path[end:]


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
    """Put user and token back: for an engine's environment, never for an argument or a file that stays."""
    found = credential_for(url, credentials)
    if found is None:
        return url
    parts = urlsplit(with_token(url, found))
    user, password = quote(found.username.reveal(), safe=""), quote(found.password.reveal(), safe="")
    user_part = f"{user}:{password}" if password else user
    return urlunsplit(parts._replace(netloc=f"{user_part}@{parts.netloc}")) if user_part else parts.geturl()


def with_token(url: str, credential: IndexCredential | None) -> str:
    """Put ``?token=`` and ``/t/token/`` back: for what is asked of the server, and nothing else."""
    if credential is None:
        return url
    begin, parts = credential.path.reveal(), urlsplit(url)
    if begin and _lies_below(url, credential.url):
        above = begin.rpartition("/t/")[0]
        parts = parts._replace(path=begin + parts.path[len(above) :])
    if not credential.query.reveal():
        return urlunsplit(parts) if begin else url
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, credential.query.reveal())))))


def credential_for(url: str, credentials: Iterable[IndexCredential]) -> IndexCredential | None:
    """Return the credential of the longest URL that ``url`` lies below, else one of its very host.

    Indexes keep their files beside their pages (``/simple``, ``/files``), so a credential serves its host
    and port, as pip has it. One of ``//host``, as .netrc has them, serves every port where no other does.
    """
    known = tuple(credentials)
    same_host = [item for item in known if _origin(item.url) == _origin(url)]
    if not same_host:
        host = urlsplit(url).hostname
        return next((item for item in known if item.url == f"//{host}"), None)
    above = [item for item in same_host if _lies_below(url, item.url)]
    return max(above or same_host, key=lambda item: len(item.url), default=None)


def masked(text: str) -> str:
    """Replace the user part and the tokens of every URL in ``text``."""
    text = _SECRET_QUERY.sub(rf"\g<1>{MASK}", _USER_PART.sub(f"{MASK}@", text))
    return _SECRET_PATH.sub(rf"\g<1>{MASK}", text)


def masked_line(text: str) -> str:
    """Mask a line that may hold what was meant as a URL: with no scheme, or a blank in its password."""
    return _NO_SCHEME.sub(f"{MASK}@", _WITH_BLANKS.sub(f"{MASK}@", masked(text)))


def tokens_of(text: str) -> list[str]:
    """Return the tokens that stand in the queries and paths of the URLs in ``text``."""
    if "://" not in text:
        return []
    return [found[2] for pattern in (_SECRET_QUERY, _SECRET_PATH) for found in pattern.finditer(text)]


def without_tokens(text: str) -> str:
    """Take the tokens out of the query of every URL in ``text``."""

    def bare(found: re.Match[str]) -> str:
        kept = [pair for pair in found[2].split("&") if not _SECRET_QUERY.search(f"?{pair}")]
        return f"{found[1]}?{'&'.join(kept)}" if kept else found[1]

    return _QUERY.sub(bare, text) if tokens_of(text) else text


def _lies_below(url: str, above: str) -> bool:
    path, folder = urlsplit(url).path.rstrip("/"), urlsplit(above).path.rstrip("/")
    return path == folder or path.startswith(f"{folder}/")


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port
