"""The dependency groups and extras that a user named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors.projects import GroupUnknown
from ..lock import canonical_name
from ..settings import Settings

GROUPS, EXTRAS = "SELDON_GROUPS", "SELDON_EXTRAS"


@dataclass(frozen=True)
class Chosen:
    """Which groups and extras the user wants, by their normalised names."""

    groups: frozenset[str] = frozenset()
    extras: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Chosen:
        """Read the two settings; their names are separated by blanks or commas."""
        return cls(*(_normal(settings.get(name).replace(",", " ").split()) for name in (GROUPS, EXTRAS)))

    def check(self, groups: Iterable[str] = (), extras: Iterable[str] | None = ()) -> None:
        """GroupUnknown where one is neither among ``groups`` nor ``extras``, by its kind.

        ``extras`` is None where only a build tells.
        """
        kinds = [("group", self.groups, _normal(groups))]
        kinds += [("extra", self.extras, _normal(extras))] if extras is not None else []
        unknown = [(kind, name, there) for kind, wanted, there in kinds for name in sorted(wanted - there)]
        if unknown:
            raise GroupUnknown(unknown)


def _normal(names: Iterable[str]) -> frozenset[str]:
    return frozenset(canonical_name(name) for name in names)
