"""A platform's no."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """Why a policy refuses an image, and what its author can do about it."""

    policy: str
    reason: str
    hint: str = ""
