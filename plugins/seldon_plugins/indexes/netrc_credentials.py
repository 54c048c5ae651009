"""Users and passwords of package indexes, as .netrc has them host by host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seldon_builder import hookimpl
from seldon_builder.errors.indexes import IndexConfigurationInvalid
from seldon_builder.folders import Folders
from seldon_builder.package_index import IndexCredential, PackageIndex
from seldon_builder.secret import Secret
from seldon_builder.settings import Settings
from seldon_builder.source import Source

from .index_gathering import LARGEST_FILE

if TYPE_CHECKING:
    from netrc import netrc

NAMED = "NETRC"
NAMES = (".netrc", "_netrc")


class NetrcInvalid(ValueError):
    """A file is no .netrc; the message shows none of its words, any of which may be a password."""


@hookimpl
def seldon_package_index(source: Source, settings: Settings, folders: Folders) -> PackageIndex | None:
    """Read the file that NETRC names, else the caller's own, which other programs may read otherwise."""
    named = settings.get(NAMED)
    path = source.root / named if named else _own(folders)
    if path is None:
        return None
    try:
        credentials = credentials_from(path)
    except NetrcInvalid as error:
        if not named:
            return None
        raise IndexConfigurationInvalid([f"{path}: {error}"]) from None
    return PackageIndex(credentials=credentials) if credentials else None


def _own(folders: Folders) -> Path | None:
    home = folders.home
    return next((home / name for name in NAMES if (home / name).is_file()), None) if home else None


def credentials_from(path: Path) -> tuple[IndexCredential, ...]:
    """Read the hosts of ``path``. ``default`` does not count: it would hand a password to any host."""
    from netrc import NetrcParseError, netrc

    try:
        if not path.is_file() or path.stat().st_size > LARGEST_FILE:
            raise NetrcInvalid("it is not a regular file, or larger than 1 MiB")
        return tuple(_credentials(netrc(path)))
    except NetrcParseError as error:
        raise NetrcInvalid(f"line {error.lineno} cannot be read") from None
    except UnicodeDecodeError:
        raise NetrcInvalid("it is not UTF-8 text") from None
    except OSError as error:
        raise NetrcInvalid(error.strerror or str(error)) from None


def _credentials(read: netrc) -> Iterator[IndexCredential]:
    for host, (login, _, password) in read.hosts.items():
        if host != "default":
            yield IndexCredential(f"//{host.lower()}", Secret(login), Secret(password or ""))
