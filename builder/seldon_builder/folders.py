"""Where whoever called us keeps the settings of their tools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folders:
    """The caller's folders; what is in one that is None does not count.

    ``configuration`` is where programs keep a user's settings (``~/.config``), ``system`` those of all users
    (``/etc``), ``platform`` what a CNB platform gave to this build.
    """

    home: Path | None = None
    configuration: Path | None = None
    system: Path | None = None
    platform: Path | None = None
