"""What a conda package says of itself: its index, its paths, its entry points."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seldon_builder.errors.conda import CondaPackageMalformed

TEXT, BINARY = "text", "binary"
# What conda-build wrote in place of a prefix before packages said it themselves.
_OLD_PLACEHOLDER = "/opt/anaconda1anaconda2anaconda3"
_UNKNOWN_SIZE = 16 << 30


@dataclass(frozen=True)
class PackedPath:
    """A path of a package; ``placeholder`` stands in it where the prefix must, ``size`` -1 is unknown."""

    path: str
    sha256: str = ""
    size: int = -1
    placeholder: str = ""
    mode: str = TEXT
    is_folder: bool = False


@dataclass(frozen=True)
class Contents:
    """The index of a package and the paths that are linked into a prefix."""

    index: Mapping[str, Any]
    paths: tuple[PackedPath, ...]
    entry_points: tuple[str, ...] = ()

    @property
    def is_noarch_python(self) -> bool:
        """Tell whether its modules go wherever the Python has its site-packages."""
        return self.index.get("noarch") == "python"

    @property
    def depends(self) -> tuple[str, ...]:
        """The names of the packages that it needs."""
        lines = self.index.get("depends") or []
        return tuple(line.split()[0].lower() for line in lines if line.strip())

    @property
    def size(self) -> int:
        """What its files take in a tar, at most."""
        if any(path.size < 0 for path in self.paths):
            return _UNKNOWN_SIZE
        return sum(path.size + 4096 + 2 * len(path.path) for path in self.paths)


def contents_from(package: str, info: Mapping[str, bytes]) -> Contents:
    """Read the files below ``info/`` of ``package``; CondaPackageMalformed where they are not what they must.

    Packages that were made before ``paths.json`` was have the same in ``files`` and ``has_prefix``.
    """
    if "index.json" not in info:
        raise CondaPackageMalformed(package, "it has no info/index.json")
    index = _table(package, "index.json", info["index.json"])
    depends = index.get("depends") or []
    if not isinstance(depends, list) or not all(isinstance(line, str) for line in depends):
        raise CondaPackageMalformed(package, "what it depends on is no list of texts", "info/index.json")
    try:
        paths = tuple(_paths(package, info) if "paths.json" in info else _old_paths(info))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CondaPackageMalformed(package, f"its list of files cannot be read ({error!r})") from error
    if twice := sorted(path for path, count in Counter(path.path for path in paths).items() if count > 1):
        raise CondaPackageMalformed(package, "its list of files names it twice", twice[0])
    return Contents(index, paths, _entry_points(package, info))


def _paths(package: str, info: Mapping[str, bytes]) -> Iterator[PackedPath]:
    for entry in _table(package, "paths.json", info["paths.json"])["paths"]:
        placeholder, mode = entry.get("prefix_placeholder") or "", entry.get("file_mode") or TEXT
        size, sha256 = entry.get("size_in_bytes", -1), entry.get("sha256") or ""
        if mode not in (TEXT, BINARY):
            raise ValueError(f"unknown file_mode {mode!r}")
        for value, kind in ((entry["_path"], str), (placeholder, str), (sha256, str), (size, int)):
            if not isinstance(value, kind):
                raise TypeError(f"{value!r} is no {kind.__name__}")
        # JSON can hold what no file's name can be.
        entry["_path"].encode()
        yield PackedPath(
            entry["_path"], sha256, size, placeholder, mode, entry.get("path_type") == "directory"
        )


def _old_paths(info: Mapping[str, bytes]) -> Iterator[PackedPath]:
    prefixed = {}
    for line in info.get("has_prefix", b"").decode().splitlines():
        words = shlex.split(line)
        if len(words) == 1:
            prefixed[words[0]] = (_OLD_PLACEHOLDER, TEXT)
        elif len(words) == 3 and words[1] in (TEXT, BINARY):
            prefixed[words[2]] = (words[0], words[1])
        elif words:
            raise ValueError(f"has_prefix: {line!r}")
    for path in filter(None, info["files"].decode().splitlines()):
        yield PackedPath(path, "", -1, *prefixed.get(path, ("", TEXT)))


def _entry_points(package: str, info: Mapping[str, bytes]) -> tuple[str, ...]:
    if "link.json" not in info:
        return ()
    noarch = _table(package, "link.json", info["link.json"]).get("noarch") or {}
    found = noarch.get("entry_points") or [] if isinstance(noarch, dict) else []
    if not isinstance(found, list) or not all(isinstance(point, str) for point in found):
        raise CondaPackageMalformed(package, "its entry points are no list of texts", "info/link.json")
    return tuple(found)


def _table(package: str, name: str, text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CondaPackageMalformed(package, f"it is no JSON ({error})", f"info/{name}") from error
    if not isinstance(found, dict):
        raise CondaPackageMalformed(package, "it is no table", f"info/{name}")
    return found
