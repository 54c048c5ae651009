"""Which of several locked versions of a package holds where, for locks that leave that to a solver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from packaging.specifiers import Specifier
from packaging.version import Version

from ..projects.poetry_versions import alternatives
from .lock_reading import all_of, any_of

_OPPOSITES = {">=": "<", "<": ">=", "<=": ">", ">": "<=", "==": "!=", "!=": "=="}
_Item = TypeVar("_Item")


def newest_for_each_python(locked: Sequence[tuple[_Item, str, str]]) -> Iterator[tuple[_Item, str]]:
    """Yield each item with the marker of the Pythons on which it is the newest that runs.

    An item comes with its version and the Pythons that it is for; ValueError where these mean nothing.
    """
    newer: list[str] = []
    for item, version, python in sorted(locked, key=lambda one: Version(one[1]), reverse=True):
        del version
        yield item, all_of([python_marker(python), *newer])
        newer.append(_outside(python))


def python_marker(constraint: str) -> str:
    """Return the marker of the Pythons that ``constraint`` allows; "" for all of them."""
    return any_of([" and ".join(map(_clause, _sorted(one))) for one in alternatives(constraint)])


def _outside(constraint: str) -> str:
    """Return the marker of the Pythons that ``constraint`` leaves out."""
    return all_of(
        [
            " or ".join(map(_opposite, _sorted(one))) or 'python_version < "3"'
            for one in alternatives(constraint)
        ]
    )


def _sorted(specifiers: Iterable[Specifier]) -> list[Specifier]:
    return sorted(specifiers, key=str)


def _clause(one: Specifier, operator: str = "") -> str:
    name = "python_full_version" if one.version.replace(".*", "").count(".") > 1 else "python_version"
    return f'{name} {operator or one.operator} "{one.version}"'


def _opposite(one: Specifier) -> str:
    return _clause(one, _OPPOSITES.get(one.operator, "!="))
