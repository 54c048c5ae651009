"""What an HTTP request says: its body, and where in it the message is."""

from __future__ import annotations

from urllib.parse import parse_qs

from ..codec import json_codec as codec
from ..request_errors import BodyTooLarge, PayloadInvalid
from .server import Receive

JSON = b"application/json"
FORM = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data"
MOST_FIELDS = 1000
GZIP = b"\x1f\x8b"


async def read_body(receive: Receive, most: int) -> bytes:
    """Read the whole body; BodyTooLarge for one of more than ``most`` bytes."""
    event = await receive()
    body: bytes = event.get("body", b"")
    # Our own server hands over the whole of it.
    if not event.get("more_body") and len(body) <= most:
        return body
    parts, size = [body], len(body)
    while size <= most and event.get("more_body"):
        event = await receive()
        if event["type"] == "http.disconnect":
            # It says what is to come, and does not send it where that is too much.
            raise BodyTooLarge(most)
        parts.append(event.get("body", b""))
        size += len(parts[-1])
    if size > most:
        raise BodyTooLarge(most)
    return b"".join(parts)


def document_in(content_type: bytes, query: bytes, body: bytes) -> object:
    """Return the message: multipart fields, else the form's ``json``, the query's ``json``, the body itself.

    JSON is read whatever the content type says it is.
    """
    if content_type != JSON:
        kind = content_type.partition(b";")[0].strip().lower()
        if kind == MULTIPART:
            from .multipart import message_in

            return message_in(content_type, body)
        # A client that posts bare JSON under curl's default content type means the body.
        if kind == FORM and body.lstrip()[:1] not in (b"{", b"[", GZIP[:1]):
            found = _field(body)
            if found is not None:
                return codec.parse(found)
    if query:
        found = _field(query)
        if found is not None:
            return codec.parse(found)
    if not body:
        raise PayloadInvalid("the request has no body, no form field json and no query argument json")
    try:
        return codec.parse(body)
    except PayloadInvalid as error:
        if body.startswith(GZIP):
            raise PayloadInvalid("the body is compressed with gzip; send it as it is") from error
        raise


def _field(pairs: bytes) -> str | None:
    try:
        fields = parse_qs(pairs.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:  # not UTF-8, or too many fields
        raise PayloadInvalid(f"the form or query cannot be read: {error}") from error
    values = fields.get("json")
    return values[0] if values else None
