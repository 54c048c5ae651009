"""Version constraints as poetry writes them, alternatives (``^1.2 || ^3``) among them, in PEP 440's words."""

from __future__ import annotations

import re

from packaging.specifiers import SpecifierSet

from .project_poetry import specifier


def alternatives(constraint: str) -> tuple[SpecifierSet, ...]:
    """Return what ``constraint`` allows, versions that meet one of these; else ValueError."""
    return tuple(SpecifierSet(specifier(part)) for part in re.split(r"\|\|?", constraint))


def single(constraint: str) -> str:
    """Return ``constraint`` as one specifier of PEP 440, which knows no alternatives: "" for several."""
    found = alternatives(constraint)
    return str(found[0]) if len(found) == 1 else ""
