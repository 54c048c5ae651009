"""Look at the indexes themselves: what engines pass by in silence must not pass by here.

An engine that asks several indexes goes on where one of them refuses, and takes a name from whichever has
the newest version.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing

from ..errors.resolution import IndexUnreachable
from ..events import Emit, warning
from ..lock import Lock
from ..package_index import PackageIndex
from ..registry.parallel import in_parallel
from .download import Downloads

CONNECTIONS = 16
# What is only a warning must not hold a build up.
SECONDS_FOR_NAMES = 10
PAGES = ("text/html", "application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+json")
_SHOWN = 5
# The URL of an index, and a name that it may have.
_Page = tuple[str, str]


def refuse_broken(index: PackageIndex, name: str) -> None:
    """Ask each index that was named for ``name``; IndexUnreachable where one refuses or is none."""
    pinned = {pin.url: pin.name for pin in index.pins}
    places = dict.fromkeys((index.index_url, *index.extra_index_urls), name) | pinned
    asked = [(url, package) for url, package in places.items() if url.startswith("http")]
    if index.offline or index.no_index or not asked:
        return
    with closing(Downloads(index)) as downloads:
        faults = in_parallel(lambda item, _: _fault(downloads, *item), asked, _idle, CONNECTIONS)
    found = [fault for fault in faults if fault]
    if found:
        first, *others = found
        more = "".join(f"; {other.url}: {other.reason}" for other in others)
        raise IndexUnreachable(first.url, first.reason + more)


def tell_of_shared_names(lock: Lock, index: PackageIndex, emit: Emit) -> None:
    """Warn of names that an extra index and another one have: the newest wins, whoever uploaded it.

    IndexUnreachable where an index refuses to tell of what another one gave.
    """
    pinned = {pin.name for pin in index.pins}
    extras = [url for url in index.extra_index_urls if url.startswith("http")]
    if index.offline or index.no_index or not extras:
        return
    names = [i.name for i in lock.artifacts if i.name not in pinned and not i.url.startswith("file:")]
    _warn(_shared([(url, name) for url in extras for name in names], index), emit)


class _TooLong(Exception):
    """The indexes take their time, and nothing depends on their answer."""


def _shared(asked: Sequence[_Page], index: PackageIndex) -> dict[str, list[str]]:
    """Return the names that several indexes have, with these."""
    ends = time.monotonic() + SECONDS_FOR_NAMES

    def tick() -> None:
        if time.monotonic() > ends:
            raise _TooLong

    with closing(Downloads(index)) as downloads:

        def there(pages: Sequence[_Page]) -> list[_Page]:
            found = in_parallel(lambda page, _: _has(downloads, *page), pages, tick, CONNECTIONS)
            return [page for page, has in zip(pages, found, strict=True) if has]

        try:
            pages = there(asked)
            known = dict.fromkeys(name for _, name in pages)
            pages += there([(index.index_url or default_index(), name) for name in known])
        except _TooLong:
            return {}
    return {name: urls for name in known if len(urls := [url for url, other in pages if other == name]) > 1}


def default_index() -> str:
    """Return the index that engines ask where none is named: pip knows its address."""
    from pip._internal.models.index import PyPI

    return str(PyPI.simple_url)


def _warn(shared: dict[str, list[str]], emit: Emit) -> None:
    if not shared:
        return
    names = sorted(shared)
    listed = ", ".join(f"{name} ({' and '.join(shared[name])})" for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    pin = f"--index-pin {names[0]}={shared[names[0]][0]}"
    why = "Whoever can upload a newer version to either decides what is installed"
    emit(warning("lock", f"On several indexes: {listed}{more}. {why}; to pin one of them: {pin}"))


def _has(downloads: Downloads, url: str, name: str) -> bool:
    try:
        look = downloads.look(_page(url, name))
    except IndexUnreachable:
        return False
    if look.status == 401:
        raise IndexUnreachable(url, str(look))
    return look.status == 200


def _fault(downloads: Downloads, url: str, name: str) -> IndexUnreachable | None:
    try:
        look = downloads.look(_page(url, name), "GET")
    except IndexUnreachable as error:
        return IndexUnreachable(url, error.reason)
    if look.status in (401, 407) or (look.status not in (200, 404) and _is_shut(downloads, url)):
        return IndexUnreachable(url, str(look))
    if look.status == 200 and look.kind not in PAGES:
        return IndexUnreachable(url, f"it serves {look.kind}, which is no page of an index")
    if look.status == 200 and b"<form" in look.beginning.lower():
        return IndexUnreachable(url, "it serves a page with a form, as those who want a login do")
    return None


def _is_shut(downloads: Downloads, url: str) -> bool:
    """Tell whether the index as a whole answers no better: some answer 403 for what they do not have."""
    try:
        look = downloads.look(f"{url.rstrip('/')}/")
    except IndexUnreachable:
        return True
    return look.status not in (200, 404, 405)


def _idle() -> None:
    """Wait for more answers: each of them has its own time limit."""


def _page(url: str, name: str) -> str:
    place, _, query = url.partition("?")
    return f"{place.rstrip('/')}/{name}/{'?' if query else ''}{query}"
