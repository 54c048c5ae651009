"""The package indexes of a Pipfile or its lock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from seldon_builder.package_index import IndexPin, PackageIndex
from seldon_builder.settings import Settings

from .lock_places import Places
from .lock_reading import Written, is_public

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True)
class Sources:
    """The indexes of one file, by their names; the first is asked for all that names no other."""

    written: Written
    settings: Settings
    tables: list[dict[str, Any]]

    def index(self, packages: Mapping[str, str]) -> PackageIndex:
        """Return where packages come from; ``packages`` are those that name their index, with its name.

        The public index is left out: the user's settings may name another in its place.
        """
        found = PackageIndex()
        named: dict[str, str] = {}
        for position, table in enumerate(self.tables):
            url = self._expanded(self.written.string(table, "url"))
            if is_public(url):
                continue
            bare, credentials = Places(self.written).index(url)
            named[str(table.get("name", ""))] = bare
            place = PackageIndex(index_url=bare) if not position else PackageIndex(extra_index_urls=(bare,))
            host = urlsplit(bare).netloc
            trusted = () if table.get("verify_ssl", True) else (host,)
            found = found.merged(replace(place, credentials=credentials, trusted_hosts=trusted))
        pins = (IndexPin(name, named[index]) for name, index in packages.items() if index in named)
        return replace(found, pins=tuple(pins))

    def _expanded(self, url: str) -> str:
        def value(found: re.Match[str]) -> str:
            name = found[1] or found[2]
            if self.settings.find(name) is None:
                raise self.written.unreadable(
                    f"the URL of a source names {found[0]}, which is not set: give it with -e {name}=..."
                )
            return self.settings.get(name)

        return _VARIABLE.sub(value, url)
