"""Read a ``conda-lock.yml``, with conda-lock's own models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from seldon_builder.dependencies.selection import Chosen
from seldon_builder.dependencies.url_credentials import UrlInvalid, masked, split_credentials
from seldon_builder.digest import SHA256_HEX, Digest
from seldon_builder.errors.conda import EnvironmentInvalid
from seldon_builder.errors.resolution import BadLine, PackageWithoutWheel
from seldon_builder.lock import Artifact, canonical_name
from seldon_builder.package_index import IndexCredential

from .conda_lock_library import import_conda_lock
from .environment import Environment, WrittenLock
from .packages import Listed
from .yaml_reading import yaml_objects

if TYPE_CHECKING:
    from conda_lock.lockfile.v1.models import LockedDependency, Lockfile

MAIN = "main"
_SHOWN = 5


@dataclass(frozen=True)
class CondaLock:
    """What a ``conda-lock.yml`` says for one platform."""

    packages: tuple[Listed, ...]
    wheels: tuple[Artifact, ...]
    credentials: tuple[IndexCredential, ...]
    content_hash: str
    sources: tuple[str, ...]

    def is_of(self, file: str) -> bool:
        """Tell whether ``file`` is all that it was made from."""
        return [PurePosixPath(source).name for source in self.sources] == [file]


def read_conda_lock(written: WrittenLock, environment: Environment, subdir: str) -> CondaLock:
    """Read what ``written`` says for ``subdir``; EnvironmentInvalid where that is nothing."""
    model = parsed(written)
    if subdir not in model.metadata.platforms:
        there = ", ".join(model.metadata.platforms)
        raise _invalid(
            written.path, f"it is not for {subdir}, but for {there}", "make it for this platform too"
        )
    chosen = [item for item in model.package if item.platform == subdir]
    wanted = frozenset(environment.categories)
    Chosen(wanted).check(item.category for item in model.package)
    unique = {item.key(): item for item in chosen if canonical_name(item.category) in {MAIN, *wanted}}
    reading = _Entries(written, environment)
    packages = tuple(reading.package(item) for item in unique.values() if item.manager == "conda")
    wheels = tuple(reading.wheel(item) for item in unique.values() if item.manager == "pip")
    return CondaLock(
        packages,
        wheels,
        tuple(reading.credentials),
        model.metadata.content_hash.get(subdir, ""),
        tuple(model.metadata.sources),
    )


def parsed(written: WrittenLock) -> Lockfile:
    """Return the file as conda-lock has it; EnvironmentInvalid where it is of another version, or none."""
    path = written.path
    content = yaml_objects(_text(written), path)
    if not isinstance(content, dict) or content.get("version") != 1:
        found = content.get("version") if isinstance(content, dict) else None
        raise _invalid(path, f"its version is {str(found)[:20]!r}, and 1 is the one that is known")
    import_conda_lock()
    from conda_lock.lockfile.v1.models import Lockfile
    from pydantic import ValidationError

    try:
        return Lockfile.model_validate(content)
    except ValidationError as error:
        raise EnvironmentInvalid(list(_problems(path, error.errors()))) from error
    except (AttributeError, KeyError, TypeError) as error:
        # Of its own checks, which trust that other keys were found good.
        raise _invalid(path, f"a package in it has a wrong or no value of {error}") from error


class _Entries:
    """Makes packages of entries, and gathers the credentials of their URLs."""

    def __init__(self, written: WrittenLock, environment: Environment) -> None:
        self._path, self._root = written.path, environment.root
        self.credentials: list[IndexCredential] = []

    def package(self, item: LockedDependency) -> Listed:
        return Listed(
            item.name, item.version, self._url(item.url), item.hash.sha256 or "", item.hash.md5 or ""
        )

    def wheel(self, item: LockedDependency) -> Artifact:
        url, sha256 = self._url(item.url), item.hash.sha256 or ""
        if not url.partition("#")[0].endswith(".whl"):
            problem = BadLine(self._path, masked(url), "it is no wheel, and must be built first")
            raise PackageWithoutWheel([problem])
        if not SHA256_HEX.fullmatch(sha256):
            raise _invalid(self._path, f"{item.name} {item.version} has no sha256")
        return Artifact(canonical_name(item.name), item.version, url, Digest(sha256))

    def _url(self, text: str) -> str:
        if "://" not in text:
            # What lies in the source is named from there.
            return (self._root / text).resolve().as_uri()
        try:
            url, credential = split_credentials(text)
        except UrlInvalid as error:
            raise _invalid(self._path, str(error)) from error
        if credential and "$" not in credential.username.reveal() + credential.password.reveal():
            self.credentials.append(credential)
        return url


def _problems(path: str, errors: list[Any]) -> Iterator[BadLine]:
    for error in errors[:_SHOWN]:
        where = ".".join(map(str, error.get("loc", ())))
        yield BadLine(path, "", f"{where}: {error.get('msg', '')}")


def _text(written: WrittenLock) -> str:
    try:
        return written.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _invalid(written.path, "it is not UTF-8 text") from error


def _invalid(path: str, reason: str, hint: str = "") -> EnvironmentInvalid:
    said = hint or "write it anew with `seldon-python lock` or conda-lock"
    return EnvironmentInvalid([BadLine(path, "", reason)], hint=said)
