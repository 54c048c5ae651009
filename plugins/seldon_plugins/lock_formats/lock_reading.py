"""What the readers of lock files share: their text, what was chosen of them, and the pins they become."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from seldon_builder.dependencies.url_credentials import masked, split_credentials
from seldon_builder.detection import Requirement
from seldon_builder.digest import Digest
from seldon_builder.errors.locks import LockUnreadable
from seldon_builder.lock import Artifact, canonical_name
from seldon_builder.package_index import IndexCredential
from seldon_builder.source import Source, read_regular
from seldon_builder.toml_text import NotToml, read_toml

# The longest locks of large projects have a few MiB.
LARGEST = 64 << 20
_CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>)", re.MULTILINE)
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_KINDS = {"dict": "table", "str": "text"}
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Written:
    """A file that a tool wrote, or that it reads, and the command that refreshes the lock."""

    source: Source
    path: str
    command: str

    def text(self) -> str:
        """Return the text of the file; LockUnreadable where it is none."""
        try:
            text = read_regular(self.source.root / self.path, LARGEST).decode()
        except UnicodeDecodeError:
            raise self.unreadable("it is not UTF-8 text") from None
        except OSError as error:
            raise self.unreadable(error.strerror or "it cannot be opened") from error
        if _CONFLICT.search(text):
            raise self.unreadable("it holds the markers of a merge conflict")
        return text

    def toml(self) -> dict[str, Any]:
        """Return the content of a TOML file."""
        try:
            return read_toml(self.text())
        except NotToml as error:
            raise self.unreadable(str(error)) from error

    def json(self) -> dict[str, Any]:
        """Return the content of a JSON file that holds one object."""
        try:
            content = json.loads(self.text())
        except ValueError as error:
            raise self.unreadable(f"it is not JSON: {error}") from error
        except RecursionError:
            raise self.unreadable("its lists or objects are nested too deep") from None
        return self.of(content, dict, "the file")

    def of(self, value: object, kind: type[_Value], what: str) -> _Value:
        """Return ``value`` if it is of this type; LockUnreadable tells ``what`` is not."""
        if not isinstance(value, kind):
            raise self.unreadable(f"{what} is no {_KINDS.get(kind.__name__, kind.__name__)}")
        return value

    def table(self, parent: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Return the table ``key`` of ``parent``, empty where there is none."""
        return self.of(parent.get(key, {}), dict, key)

    def texts(self, parent: Mapping[str, Any], key: str) -> list[str]:
        """Return the list of strings ``key`` of ``parent``, empty where there is none."""
        return [self.of(item, str, f"{key}: {item!r}") for item in self.of(parent.get(key, []), list, key)]

    def tables(self, parent: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        """Return the list of tables ``key`` of ``parent``, empty where there is none."""
        return [self.of(item, dict, f"an entry of {key}") for item in self.of(parent.get(key, []), list, key)]

    def string(self, parent: Mapping[str, Any], key: str, default: str | None = None) -> str:
        """Return the text ``key`` of ``parent``; LockUnreadable where there is none and no ``default``."""
        return self.of(parent.get(key, default), str, f"{key} of {parent.get('name', self.path)}")

    def unreadable(self, reason: str) -> LockUnreadable:
        """Make the error for what is wrong with this file."""
        return LockUnreadable(self.path, masked(reason), self.command)

    def hashes(self, name: str, found: Sequence[str]) -> tuple[str, ...]:
        """Return the sha256 of ``found``; LockUnreadable where there are hashes of other kinds only."""
        taken = tuple(sorted({item for item in found if _SHA256.fullmatch(item)}))
        if found and not taken:
            kinds = ", ".join(sorted({item.partition(":")[0][:20] for item in found}))
            raise self.unreadable(f"{name} has no sha256, only {kinds}, and nothing else is trusted")
        return taken

    def pin(self, name: str, version: str, marker: str = "", hashes: Sequence[str] = ()) -> Requirement:
        """Return the requirement of exactly this version; LockUnreadable where it is no requirement."""
        line = f"{canonical_name(name)}=={version}" + (f" ; {marker}" if marker else "")
        return self.requirement(line, self.hashes(name, hashes))

    def requirement(self, line: str, hashes: tuple[str, ...] = ()) -> Requirement:
        """Return the requirement of a line of PEP 508; LockUnreadable where it is none."""
        from packaging.requirements import InvalidRequirement
        from packaging.requirements import Requirement as Pep508

        try:
            Pep508(line)
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0]
            raise self.unreadable(f"{line[:200]!r} is no requirement: {reason}") from error
        except RecursionError:
            raise self.unreadable(f"{line[:200]!r} is nested too deep") from None
        return Requirement(line, self.path, hashes)


def artifact(name: str, version: str, url: str, digest: str) -> tuple[Artifact, tuple[IndexCredential, ...]]:
    """Return the file at ``url``, and the credential that stood in it."""
    bare, credential = split_credentials(url)
    found = Artifact(canonical_name(name), version, bare.partition("#")[0], Digest.parse(digest))
    return found, (credential,) if credential else ()


def filename_of(url: str) -> str:
    """Return the name of the file that ``url`` leads to."""
    return unquote(urlsplit(url).path.rsplit("/", 1)[-1])


def cannot_tell(why: str) -> str:
    """Say that a lock cannot be compared with its source, and why."""
    return f"whether it is fresh cannot be told: {why}"


def is_public(url: str) -> bool:
    """Tell whether ``url`` is of the index that every tool asks when nobody names another."""
    from pip._internal.models.index import PyPI

    return urlsplit(url).netloc.rpartition("@")[2].lower() in (PyPI.netloc, f"www.{PyPI.netloc}")


def any_of(markers: Collection[str]) -> str:
    """Join markers of which one must hold; "" where one of them is none."""
    if not markers or "" in markers:
        return ""
    unique = list(dict.fromkeys(markers))
    return unique[0] if len(unique) == 1 else " or ".join(f"({marker})" for marker in unique)


def all_of(markers: Iterable[str]) -> str:
    """Join markers that must all hold."""
    unique = list(dict.fromkeys(filter(None, markers)))
    return unique[0] if len(unique) == 1 else " and ".join(f"({marker})" for marker in unique)
