"""Under which key a component's state lies, and what it is signed with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..component.unit import Unit
from ..errors import SettingInvalid, StateKeyUnusable
from ..variables import boolean

KEY = "PERSISTENCE_KEY"
# As many as the digest has: a shorter secret could be guessed from any one saved state.
SHORTEST = 32


def state_key(unit: Unit) -> str:
    """Return the key in Redis that seldon-core up to 1.7 used."""
    return f"persistence_{unit.deployment or '0'}_{unit.predictor or '0'}_{unit.id or '0'}"


def secret_from(variables: Mapping[str, str]) -> bytes | None:
    """Read what states are signed with, None where the user accepts unsigned ones; StateKeyUnusable."""
    text = secret_text(variables, KEY)
    if text is None and boolean(variables, "PERSISTENCE_UNSIGNED"):
        return None
    if text is None:
        raise StateKeyUnusable("there is no key to sign the state with")
    secret = text.encode()
    if len(secret) < SHORTEST:
        raise StateKeyUnusable(f"the key of {KEY} or {KEY}_FILE has fewer than {SHORTEST} characters")
    return secret


def secret_text(variables: Mapping[str, str], name: str) -> str | None:
    """Read a secret from the variable or the file that ``name``_FILE says; None where neither is set."""
    if text := variables.get(name, "").strip():
        return text
    file = variables.get(f"{name}_FILE", "").strip()
    if not file:
        return None
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingInvalid(f"{name}_FILE", file, "a text file that this user may read") from None
