"""multipart/form-data: each part is one field of the message.

Source: seldon-core 1.17's ``get_multi_form_data_request``. A file of binData are the bytes themselves, every
other file is text; strData is text, and every other field JSON.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from typing import NamedTuple

from ..codec import json_codec as codec
from ..request_errors import PayloadInvalid

TEXTS = ("strData", "jsonData")
MOST_PARTS = 1000
# A few lines. The time that Python's parser takes grows with the square of their length.
LONGEST_HEAD = 4096


class Part(NamedTuple):
    """A field: its name, whether it came as a file, and what it holds."""

    name: str
    is_file: bool
    content: bytes


def message_in(content_type: bytes, body: bytes) -> object:
    """Return the message that the parts of ``body`` make up; PayloadInvalid."""
    fields: dict[str, object] = {}
    for part in _parts(body, _boundary(content_type)):
        # Of several parts of one name the first counts.
        fields.setdefault(part.name, _value(part))
    # One part json is what the form and the query have too.
    return fields["json"] if fields.keys() == {"json"} else fields


def _boundary(content_type: bytes) -> bytes:
    if len(content_type) > LONGEST_HEAD:
        raise PayloadInvalid(f"the content type is longer than {LONGEST_HEAD} bytes")
    head = Message()
    head["content-type"] = content_type.decode("latin-1")
    boundary = head.get_boundary()
    if not boundary:
        raise PayloadInvalid("the content type multipart/form-data names no boundary")
    return boundary.encode("latin-1", "replace")


def _parts(body: bytes, boundary: bytes) -> Iterator[Part]:
    # The first boundary needs no line before it.
    _, *pieces = (b"\r\n" + body).split(b"\r\n--" + boundary, MOST_PARTS + 1)
    if len(pieces) > MOST_PARTS:
        raise PayloadInvalid(f"the multipart body has more than {MOST_PARTS} parts")
    if not pieces or not pieces[-1].startswith(b"--"):
        raise PayloadInvalid("the multipart body does not end with its boundary")
    for piece in pieces[:-1]:
        yield _part(piece)


def _part(piece: bytes) -> Part:
    # Spaces may follow the boundary on its line.
    _, _, rest = piece.partition(b"\r\n")
    head, found, content = (b"\r\n" + rest).partition(b"\r\n\r\n")
    if len(head) > LONGEST_HEAD:
        raise PayloadInvalid(f"the headers of a part of the multipart body exceed {LONGEST_HEAD} bytes")
    headers = BytesHeaderParser().parsebytes(head[2:])
    name = headers.get_param("name", header="content-disposition")
    if not found or not isinstance(name, str):
        raise PayloadInvalid("a part of the multipart body has no name")
    return Part(name, headers.get_filename() is not None, content)


def _value(part: Part) -> object:
    if part.name == "binData":
        return base64.b64encode(part.content).decode() if part.is_file else _base64(part)
    if part.name == "strData" or (part.is_file and part.name in TEXTS):
        return _text(part)
    try:
        return codec.parse(part.content)
    except PayloadInvalid as error:
        raise PayloadInvalid(f"the part {part.name} is not JSON: {error}") from error


def _base64(part: Part) -> object:
    """Return base64, which stands in a JSON string or by itself."""
    return codec.parse(part.content) if part.content.lstrip()[:1] == b'"' else _text(part)


def _text(part: Part) -> str:
    try:
        return part.content.decode()
    except UnicodeDecodeError as error:
        raise PayloadInvalid(f"the part {part.name} is not UTF-8: {error}") from error
