"""Credentials in the model folder: taken out of requirement files, told of everywhere else."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..dependencies.url_credentials import tokens_of, without_tokens
from ..errors.source import FileChanged
from ..events import Emit, decision, warning
from ..source import Source, SourceFile

LARGEST_CLEANED = 32 << 20
LARGEST_SEARCHED = 1 << 20
_REQUIREMENT_NAMES = re.compile(
    r".*(requirements|constraints).*\.(txt|in)|requirements/.*\.(txt|in)|pylock.*\.toml|.*\.lock|Pipfile"
    r"|(pyproject|project)\.toml|setup\.cfg|.*environment.*\.ya?ml|conda.*\.ya?ml|conda-lock.*"
    r"|(explicit|spec-file|environment)\.txt",
    re.IGNORECASE,
)
_SEARCHED_SUFFIXES = frozenset(
    {".py", ".txt", ".toml", ".yml", ".yaml", ".cfg", ".ini", ".env", ".conf", ".json", ".sh", ".pem", ".key"}
)
_USER_PART = re.compile(rb"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^\s/\"'<>?#]*)@")
_PATH_TOKEN = re.compile(rb"(://[^\s?#]*?)/t/[A-Za-z0-9_-]{8,}(?=/)")
# ${NAME} is filled in by pip, {name} and %s by code: names of secrets, not secrets.
_PLACEHOLDER = re.compile(rb"\$\{?\w+\}?|\{[^{}]*\}|%\(?\w*\)?s|<[^>]*>|\*+")
_QUERY = re.compile(rb"://[^\s?#'\"`<>]*\?[^\s'\"`<>]+")
_PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
_AWS_KEY = re.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
_INSTEAD = (
    "Read them from a variable or a mounted secret when the model runs, or name the files in .dockerignore; "
    "for package indexes use EXTRA_INDEX_URL, a pip.conf or a service binding."
)
_URL, _TOKEN = "URL with a password", "URL with a token"
_SHOWN = 5
# What PowerShell writes, and pip reads.
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True)
class Credential:
    """Where a credential stands and what kind it is; never what it is."""

    path: str
    line: int
    kind: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} ({self.kind})"


def is_requirement_file(path: PurePosixPath, asked: Collection[str] = ()) -> bool:
    """Tell whether the URLs of this file are for an installer alone: the image needs no user in them.

    ``asked`` are the files that this build reads requirements from; code among them stays what it is.
    """
    return (
        (str(path) in asked and path.suffix != ".py")
        or bool(_REQUIREMENT_NAMES.fullmatch(path.name))
        or bool(_REQUIREMENT_NAMES.fullmatch("/".join(path.parts[-2:])))
    )


def cleaned(source: Source, file: SourceFile, asked: Collection[str] = ()) -> bytes | None:
    """Return what a requirement or lock file holds in the image, None where that is the file itself."""
    if file.is_folder or file.link or file.size > LARGEST_CLEANED:
        return None
    if not is_requirement_file(file.path, asked):
        return None
    content, encoding = _plain(_read(source, file))
    without = without_users(content)
    if without == content:
        return None
    return without.decode().encode(encoding) if encoding else without


def _plain(content: bytes) -> tuple[bytes, str]:
    """Return UTF-16 as UTF-8, and what it was; anything else as it is."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    return content.decode(encoding, "replace").encode() if encoding else content, encoding


def without_users(content: bytes) -> bytes:
    """Take user, password and tokens out of every URL; ``git`` of an ssh URL is no secret and stays."""
    without = _USER_PART.sub(
        lambda found: found[0] if _is_harmless(found) else found["scheme"] + b"://", content
    )
    without = _PATH_TOKEN.sub(rb"\1", without)
    # Every byte is a letter of Latin-1, whatever the file is written in.
    return without_tokens(without.decode("latin-1")).encode("latin-1") if b"?" in without else without


def _is_harmless(found: re.Match[bytes]) -> bool:
    user, _, password = found["user"].partition(b":")
    if _PLACEHOLDER.sub(b"", user) == _PLACEHOLDER.sub(b"", password) == b"":
        return True
    return b"ssh" in found["scheme"] and not password


def tell_of_credentials(source: Source, emit: Emit, asked: Collection[str] = ()) -> None:
    """Warn of credentials that the image would show to everyone; tell which requirement files are cleaned."""
    removed, kept = list[Credential](), list[Credential]()
    for found in find_credentials(source, asked):
        goes = found.kind in (_URL, _TOKEN) and is_requirement_file(PurePosixPath(found.path), asked)
        (removed if goes else kept).append(found)
    if removed:
        emit(decision("app", f"The image's copies lack what is secret in these URLs: {_listed(removed)}"))
    if kept:
        emit(warning("app", f"These files of the image hold credentials: {_listed(kept)}. {_INSTEAD}"))


def find_credentials(source: Source, asked: Collection[str] = ()) -> Iterator[Credential]:
    """Search small text files and every requirement file."""
    for file in source.files:
        if not file.is_folder and not file.link:
            is_asked = is_requirement_file(file.path, asked)
            if _is_searched(file, is_asked=is_asked):
                yield from _search(str(file.path), _plain(_read(source, file))[0], is_asked=is_asked)


def _read(source: Source, file: SourceFile) -> bytes:
    try:
        return source.read(str(file.path))
    except OSError as error:
        raise FileChanged(str(file.path)) from error


def _is_searched(file: SourceFile, *, is_asked: bool) -> bool:
    if is_asked:
        return file.size <= LARGEST_CLEANED
    name = file.path.name
    wanted = file.path.suffix in _SEARCHED_SUFFIXES or name.startswith(".env")
    return wanted and file.size <= LARGEST_SEARCHED


def _search(path: str, content: bytes, *, is_asked: bool) -> Iterator[Credential]:
    # Nearly every file has none of these: a plain search is ten times faster than an expression.
    if b"://" in content and b"@" in content:
        users = (found for found in _USER_PART.finditer(content) if not _is_harmless(found))
        passwords = (found for found in users if b":" in found["user"] or is_asked)
        yield from _located(path, content, passwords, _URL)
    if b"://" in content and b"/t/" in content and is_asked:
        yield from _located(path, content, _PATH_TOKEN.finditer(content), _URL)
    if b"://" in content and b"?" in content:
        tokens = (found for found in _QUERY.finditer(content) if tokens_of(found[0].decode("latin-1")))
        yield from _located(path, content, tokens, _TOKEN)
    if b"AKIA" in content or b"ASIA" in content:
        yield from _located(path, content, _AWS_KEY.finditer(content), "AWS access key")
    if b"PRIVATE KEY-----" in content:
        yield from _located(path, content, _PRIVATE_KEY.finditer(content), "private key")


def _located(
    path: str, content: bytes, matches: Iterable[re.Match[bytes]], kind: str
) -> Iterator[Credential]:
    for found in matches:
        yield Credential(path, content.count(b"\n", 0, found.start()) + 1, kind)


def _listed(found: list[Credential]) -> str:
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(map(str, found[:_SHOWN])) + more
