"""What to make of a registry's unexpected answers."""

from __future__ import annotations

import json

from ..errors import SeldonError
from ..errors.destination import RegistryProtocol
from .retry import Transient
from .transport import Reply

_LONGEST = 300


def explanation(reply: Reply) -> str:
    """Return the error text of a registry's answer, on one line; empty where it gives none."""
    try:
        errors = json.loads(reply.body)["errors"]
        told = "; ".join(f"{error.get('message') or ''} ({error['code']})".strip() for error in errors)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    return "".join(character if character.isprintable() else " " for character in told)[:_LONGEST]


def transient(host: str, path: str, reply: Reply) -> SeldonError | Transient:
    """Make the error of an unexpected status; a Transient where a later try may go well."""
    told = explanation(reply)
    what = f"{reply.status} for {path}" + (f": {told}" if told else "")
    error = RegistryProtocol(host, what)
    if reply.status < 500 and reply.status != 429:
        return error
    after = reply.headers.get("retry-after", "")
    return Transient(what, error, wait=float(after) if after.isdecimal() else None, dropped=False)
