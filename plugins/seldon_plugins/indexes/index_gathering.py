"""What every reader of index settings does: split credentials off, and keep problems to tell at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from seldon_builder.dependencies.file_url import path_of
from seldon_builder.dependencies.url_credentials import UrlInvalid, checked_index, split_credentials
from seldon_builder.lock import canonical_name
from seldon_builder.package_index import IndexCredential, IndexPin
from seldon_builder.secret import Secret
from seldon_builder.source import read_regular

LARGEST_FILE = 1 << 20


@dataclass
class Gathering:
    """The credentials and the problems that were met while settings are read."""

    credentials: list[IndexCredential] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def url(self, origin: str, text: str, login: tuple[str, str] = ("", "")) -> str:
        """Return an index's URL without its credential, else without ``login``, which serves it then."""
        try:
            bare, credential = split_credentials(checked_index(text))
        except UrlInvalid as error:
            self.problems.append(f"{origin}: {error}")
            return ""
        if credential is None and any(login):
            credential = IndexCredential(bare, Secret(login[0]), Secret(login[1]))
        if credential:
            self.credentials.append(credential)
        return bare

    def urls(self, origin: str, text: str, login: tuple[str, str] = ("", "")) -> tuple[str, ...]:
        """Return the URLs of a blank-separated list."""
        return tuple(bare for word in text.split() if (bare := self.url(origin, word, login)))

    def place(self, origin: str, text: str, folder: Path) -> str:
        """Return a folder of wheels as an absolute path, or the URL of a page of them."""
        if text.startswith("file://"):
            return str(path_of(text))
        return self.url(origin, text) if "://" in text else str(folder.resolve() / text)

    def seconds(self, origin: str, text: str) -> int:
        """Return how long to wait; 0 where nothing is said."""
        try:
            found = round(float(text)) if text else 0
        except (ValueError, OverflowError):
            found = -1
        if found < 0 or (text and not found):
            self.problems.append(f"{origin}: {text!r} is no number of seconds")
        return max(found, 0)

    def pin(self, origin: str, name: str, url: str) -> Iterator[IndexPin]:
        """Yield the pin of a package to an index, where both can be that."""
        if not name or "://" not in url:
            self.problems.append(f"{origin}: a pin is name=URL of an index")
        elif bare := self.url(origin, url):
            yield IndexPin(canonical_name(name), bare)

    def text(self, path: Path, read: Callable[[Path], bytes] | None = None) -> str:
        """Return what the file at ``path`` says; a problem where it is there and cannot be read."""
        try:
            content = read(path) if read else read_regular(path, LARGEST_FILE)
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.problems.append(f"{path}: it is not UTF-8 text")
        except OSError as error:
            self.problems.append(f"{path}: {error.strerror or error}")
        return ""


def named_login(name: str, find: Callable[[str], str]) -> tuple[str, str]:
    """Return user and password that uv's variables give for the index of this name."""
    word = "".join(letter.upper() if letter.isalnum() else "_" for letter in name)
    user, password = (
        (find(f"UV_INDEX_{word}_{what}") for what in ("USERNAME", "PASSWORD")) if name else ("", "")
    )
    return user, password
