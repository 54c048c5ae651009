"""What an HTTP request says: its body, and where in it the SeldonMessage is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from ..codec import json_codec as codec
from ..request_errors import BodyTooLarge, PayloadInvalid

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]

FORM = b"application/x-www-form-urlencoded"


async def read_body(scope: Scope, receive: Receive, most: int) -> bytes:
    """Read the whole body; BodyTooLarge for one of more than ``most`` bytes, unread where it says so."""
    # The parser refused what is no number.
    if int(_header(scope, b"content-length") or 0) > most:
        raise BodyTooLarge(most)
    event = await receive()
    body: bytes = event.get("body", b"")
    if not event.get("more_body"):
        return body
    parts, size = [body], len(body)
    while event.get("more_body"):
        event = await receive()
        if event["type"] == "http.disconnect":
            raise PayloadInvalid("the client left before its body ended")
        body = event.get("body", b"")
        size += len(body)
        if size > most:
            raise BodyTooLarge(most)
        parts.append(body)
    return b"".join(parts)


def seldon_message(scope: Scope, body: bytes) -> object:
    """Return the message: from the form field ``json``, else the query's ``json``, else the body itself."""
    kind = _header(scope, b"content-type").partition(b";")[0].strip().lower()
    # A client that posts bare JSON under curl's default content type means the body.
    if kind == FORM and body.lstrip()[:1] != b"{":
        found = _field(body)
        if found is not None:
            return codec.parse(found)
    if scope["query_string"]:
        found = _field(scope["query_string"])
        if found is not None:
            return codec.parse(found)
    if not body:
        raise PayloadInvalid("the request has no body, no form field json and no query argument json")
    return codec.parse(body)


def _header(scope: Scope, wanted: bytes) -> bytes:
    for name, value in scope["headers"]:
        if name == wanted:
            found: bytes = value
            return found
    return b""


def _field(pairs: bytes) -> str | None:
    try:
        values = parse_qs(pairs.decode("ascii"), keep_blank_values=True).get("json")
    except ValueError as error:  # not ASCII, or more fields than a form may have
        raise PayloadInvalid(f"the form or query cannot be read: {error}") from error
    return values[0] if values else None
