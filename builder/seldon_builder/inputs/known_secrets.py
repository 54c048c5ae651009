"""The last line of defence: what is known to be secret is blanked out of what an error prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote

from ..dependencies.url_credentials import masked, tokens_of
from ..errors import SeldonError
from ..order import Asked
from ..secret import MASK, Secret
from ..source import Source
from .environment_file import Said
from .settings_reading import from_caller, given, setting_of

# Shorter ones are parts of too many words.
_SHORTEST = 4


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Blank ``secrets`` in ``text``, and the user part of every URL."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return masked(text)


def known_secrets(asked: Asked, folder: Path) -> list[str]:
    """Return every secret among the variables, in every spelling an error may show, the longest first.

    A place that cannot be read is passed over: its own error is about to be shown.
    """
    found = set[str]()
    places = given(Source(folder, ()), asked.options, asked.files, asked.platform)
    flags = [Said(name, value, flag) for name, value, flag in asked.flags]
    for place in (from_caller(asked.caller), *places, flags):
        with suppress(SeldonError):
            for said in place:
                if isinstance(said, Said) and isinstance(setting_of(said).value, Secret):
                    found.update(_spellings(said.value))
    return sorted((one for one in found if len(one) >= _SHORTEST), key=len, reverse=True)


def _spellings(value: str) -> Iterator[str]:
    yield value
    for word in (value, *value.split()):
        user_part, at, _ = word.rpartition("@")
        # Of a password with a blank only the end stands before the @.
        user, colon, password = user_part.rpartition("://")[2].partition(":")
        for secret in (*((password if colon else user,) if at else ()), *tokens_of(word)):
            yield from (secret, unquote(secret), quote(secret, safe=""), repr(secret)[1:-1])
