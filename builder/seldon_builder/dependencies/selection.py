"""The dependency groups and extras that a user named."""

from __future__ import annotations

from ..errors.projects import GroupUnknown
from ..lock import canonical_name
from ..settings import Settings

GROUPS, EXTRAS = "SELDON_GROUPS", "SELDON_EXTRAS"


def named(settings: Settings, variable: str) -> tuple[str, ...]:
    """Return the normalised names of a variable, by blanks or commas apart."""
    words = settings.get(variable).replace(",", " ").split()
    return tuple(dict.fromkeys(canonical_name(word) for word in words))


def refuse_named(settings: Settings) -> None:
    """Raise GroupUnknown where groups or extras are named, for files that have neither."""
    kinds = (("group", GROUPS), ("extra", EXTRAS))
    unknown = [(kind, name, ()) for kind, variable in kinds for name in named(settings, variable)]
    if unknown:
        raise GroupUnknown(unknown)
