"""Markers of lock files: what the chosen groups and extras leave of them, and the ways to a package."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from seldon_builder.dependencies.selection import Chosen

from .lock_reading import all_of, any_of

# What always and what never holds, in words that every reader of markers knows.
_TRUE, _FALSE = 'python_version >= "3"', 'python_version < "3"'
_EXTRA = re.compile(
    r"""\bextra\s*(?P<sign>==|!=)\s*(?P<quote>['"])(?P<name>[^'"]*)(?P=quote)"""
    r"""|(?P<quote2>['"])(?P<name2>[^'"]*)(?P=quote2)\s*(?P<sign2>==|!=)\s*extra\b"""
)
_IN = re.compile(r"""['"]([^'"]*)['"]\s+((?:not\s+)?in)\s+(extras|dependency_groups)\b""")
_WORDS = re.compile(r"[\s()]|\band\b|\bor\b")
# More ways to one package than a person could follow: then what they have in common decides.
_MOST_WAYS = 30

_Node = TypeVar("_Node", bound=Hashable)
_Way = frozenset[str]


def left_of(marker: str, chosen: Chosen) -> str | None:
    """Return what ``marker`` still asks once groups and extras are chosen; None where it cannot hold."""
    from seldon_builder.lock import canonical_name

    def extra(found: re.Match[str]) -> str:
        name, sign = found["name"] or found["name2"] or "", found["sign"] or found["sign2"]
        return _constant((canonical_name(name) in chosen.extras) == (sign == "=="))

    def member(found: re.Match[str]) -> str:
        names = chosen.extras if found[3] == "extras" else chosen.groups
        return _constant((canonical_name(found[1]) in names) == (found[2] == "in"))

    return _simplified(_IN.sub(member, _EXTRA.sub(extra, marker)))


def _constant(value: bool) -> str:
    return _TRUE if value else _FALSE


def _simplified(marker: str) -> str | None:
    if _TRUE not in marker and _FALSE not in marker:
        return marker
    # "and" binds first, so that this much is right without a parser.
    marker = marker.replace(f"{_TRUE} and ", "").replace(f" and {_TRUE}", "")
    if _FALSE in marker and " or " not in marker:
        return None
    rest = marker.replace(_TRUE, "").replace(_FALSE, "")
    if _WORDS.sub("", rest):
        return marker
    from packaging.markers import Marker

    return "" if Marker(marker).evaluate({"python_version": "3.13"}) else None


def reached(
    roots: Iterable[tuple[_Node, str]], following: Callable[[_Node], Iterable[tuple[_Node, str]]]
) -> dict[_Node, str]:
    """Walk from ``roots`` and return the marker under which each node is reached.

    Roots and what ``following`` a node yields are nodes, each with the marker of the way to it.
    """
    found: dict[_Node, set[_Way]] = {}
    todo = [(node, _way(marker)) for node, marker in roots]
    while todo:
        node, way = todo.pop()
        known = found.setdefault(node, set())
        if len(known) >= _MOST_WAYS:
            way = way.intersection(*known)
        if any(other <= way for other in known):
            continue
        found[node] = {other for other in known if not way < other} | {way}
        todo += [(after, way | _way(marker)) for after, marker in following(node)]
    return {node: _marker(ways) for node, ways in found.items()}


def _way(marker: str) -> _Way:
    return frozenset([marker]) if marker else frozenset()


def _marker(ways: Iterable[_Way]) -> str:
    return any_of([all_of(sorted(way)) for way in sorted(ways, key=sorted)])
