"""Which suite of Debian has the Python that is wanted."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors.base import PythonNotOffered
from ..inputs.python_version import Wanted

# The default first.
SUITES: Mapping[str, str] = {"trixie": "3.13", "bookworm": "3.11"}


def choose_suite(wanted: Wanted) -> str:
    """Return the first suite whose Python is ``wanted``; PythonNotOffered where there is none."""
    for suite, python in SUITES.items():
        if wanted.allows(python):
            return suite
    raise PythonNotOffered(str(wanted), wanted.origin, tuple(SUITES.values()))
