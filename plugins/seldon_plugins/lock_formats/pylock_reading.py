"""Read pylock.toml (PEP 751), whichever tool wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from packaging.pylock import Package, Pylock, PylockUnsupportedVersionError, PylockValidationError
from seldon_builder.dependencies.selection import Chosen
from seldon_builder.detection import Detection

from .lock_markers import left_of
from .lock_pins import Pins
from .lock_reading import Written


def read_pylock(written: Written, chosen: Chosen, claim: Detection) -> Detection:
    """Fill ``claim`` with what a file of PEP 751 says."""
    document = parsed(written, written.toml())
    groups, extras = document.dependency_groups or (), document.extras or ()
    chosen.check(groups, extras)
    chosen = replace(chosen, groups=chosen.groups | frozenset(document.default_groups or ()))
    return filled(written, document, chosen, claim)


def parsed(written: Written, content: Mapping[str, Any]) -> Pylock:
    """Return ``content`` as what PEP 751 says; LockUnreadable where it is not."""
    try:
        return Pylock.from_dict(content)
    except PylockUnsupportedVersionError as error:
        version = str(content.get("lock-version"))[:20]
        raise written.unreadable(f"it is of lock-version {version!r}; 1.0 is known") from error
    except PylockValidationError as error:
        raise written.unreadable(f"it is not what PEP 751 says: {error}") from error
    except RecursionError:
        raise written.unreadable("a marker is nested too deep") from None


def filled(written: Written, document: Pylock, chosen: Chosen, claim: Detection) -> Detection:
    """Return ``claim`` with the packages of ``document`` as pins and files."""
    pins = Pins(written, environments=list(map(str, document.environments or ())))
    for package in document.packages:
        marker = left_of(str(package.marker), chosen) if package.marker else ""
        if marker is not None:
            _take(pins, package, marker)
    return replace(pins.detection(claim), requires_python=str(document.requires_python or ""))


def _take(pins: Pins, package: Package, marker: str) -> None:
    """Add one package, which is needed where ``marker`` holds."""
    if package.vcs:
        place = package.vcs.url or package.vcs.path or ""
        pins.repository(package.name, package.vcs.type, place, package.vcs.commit_id, marker)
    elif package.directory:
        subfolder = package.directory.subdirectory
        place = package.directory.path
        pins.project(package.name, f"{place}/{subfolder}" if subfolder else place, marker)
    else:
        _take_files(pins, package, marker)


def _take_files(pins: Pins, package: Package, marker: str) -> None:
    places, name = pins.places, package.name
    listed = (*(package.wheels or ()), package.sdist, package.archive)
    files = [file for file in listed if file is not None]
    urls = [places.url(name, file.url or "", file.path or "") for file in files]
    version = str(package.version or places.version_of(name, urls[0]))
    pairs = [
        (url, f"{kind}:{value}")
        for url, file in zip(urls, files, strict=True)
        for kind, value in file.hashes.items()
    ]
    pins.files(name, version, marker, pairs)
    pins.pinned(name, package.index or "")
