"""Version constraints as poetry writes them, alternatives (``^1.2 || ^3``) among them, in PEP 440's words."""

from __future__ import annotations

import re

from packaging.specifiers import Specifier, SpecifierSet

from .project_poetry import specifier


def alternatives(constraint: str) -> tuple[SpecifierSet, ...]:
    """Return what ``constraint`` allows, versions that meet one of these; else ValueError."""
    return tuple(SpecifierSet(specifier(part)) for part in re.split(r"\|\|?", constraint))


def single(constraint: str) -> str:
    """Return ``constraint`` as one specifier of PEP 440, which knows no alternatives: "" for several."""
    found = alternatives(constraint)
    return str(found[0]) if len(found) == 1 else ""


def python_marker(constraint: str) -> str:
    """Return the marker of the Pythons that ``constraint`` allows."""
    clauses = [" and ".join(map(_python, sorted(one, key=str))) for one in alternatives(constraint)]
    return " or ".join(clauses) if all(clauses) else ""


def _python(one: Specifier) -> str:
    name = "python_full_version" if one.version.replace(".*", "").count(".") > 1 else "python_version"
    return f'{name} {one.operator} "{one.version}"'
