"""The ways in which a message may come over HTTP, right and wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

MESSAGE = {"data": {"names": ["a"], "ndarray": [[1.5]]}, "meta": {"puid": "p"}}
TEXT = json.dumps(MESSAGE)
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=limit"


@dataclass(frozen=True)
class Way:
    """One HTTP request."""

    body: bytes | None = None
    content_type: str | None = "application/json"
    path: str = "/predict"
    method: str = "POST"
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> Mapping[str, str]:
        return {**({"Content-Type": self.content_type} if self.content_type else {}), **self.more}


def part(name: str, value: bytes | str, *, file: str = "", kind: str = "") -> bytes:
    value = value.encode() if isinstance(value, str) else value
    named = f'form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
    head = f"--limit\r\nContent-Disposition: {named}\r\n" + (f"Content-Type: {kind}\r\n" if kind else "")
    return head.encode() + b"\r\n" + value + b"\r\n"


def multipart(*parts: bytes, end: bytes = b"--limit--\r\n") -> Way:
    return Way(b"".join(parts) + end, MULTIPART)


def form(**fields: str) -> Way:
    return Way(urlencode(fields).encode(), FORM)


def query(text: str, method: str = "GET", **more: str) -> Way:
    return Way(None, None, f"/predict?{urlencode({'json': text, **more})}", method)


WAYS: Mapping[str, Way] = {
    "json": Way(TEXT.encode()),
    "json with charset": Way(TEXT.encode(), "application/json; charset=utf-8"),
    "json in capitals": Way(TEXT.encode(), "Application/JSON"),
    "json of a vendor": Way(TEXT.encode(), "application/vnd.seldon+json"),
    "json, indented": Way(json.dumps(MESSAGE, indent=2).encode()),
    "json, unescaped": Way('{"strData": "ü€😀"}'.encode()),
    "json, escaped": Way(b'{"strData": "\\u00fc\\ud83d\\ude00"}'),
    "json with one key twice": Way(b'{"strData": "a", "strData": "b"}'),
    "json with NaN": Way(b'{"jsonData": {"a": [NaN, Infinity]}}'),
    "json with a large number": Way(b'{"data": {"ndarray": [1e400]}}'),
    "json with a long number": Way(b'{"data": {"ndarray": [123456789012345678901]}}'),
    "json with a byte order mark": Way(b"\xef\xbb\xbf" + TEXT.encode()),
    "json in utf-16": Way(TEXT.encode("utf-16")),
    "json, not utf-8": Way(b'{"strData": "\xff"}'),
    "json, half": Way(TEXT[:-5].encode()),
    "json, and more": Way(TEXT.encode() + b"x"),
    "json, single quotes": Way(b"{'strData': 'x'}"),
    "null": Way(b"null"),
    "empty": Way(b""),
    "blank": Way(b"  "),
    "text": Way(TEXT.encode(), "text/plain"),
    "no content type": Way(TEXT.encode(), None),
    "octets": Way(TEXT.encode(), "application/octet-stream"),
    "json as a form": Way(TEXT.encode(), FORM),
    "form": form(json=TEXT),
    "form with another field": form(other="1", json=TEXT),
    "form with plus": Way(b"json=" + TEXT.replace(" ", "+").replace('"', "%22").encode(), FORM),
    "form, not json": form(json="{"),
    "form, empty": form(json=""),
    "form of other fields": form(other="1"),
    "form with charset": Way(urlencode({"json": TEXT}).encode(), f"{FORM}; charset=utf-8"),
    "query": query(TEXT),
    "query of a post": query(TEXT, "POST"),
    "query, not json": query("{"),
    "query, empty": query(""),
    "query and body": Way(b'{"strData": "body"}', path=f"/predict?json={quote(TEXT)}"),
    "query and form": Way(
        urlencode({"json": '{"strData": "form"}'}).encode(), FORM, f"/predict?json={quote(TEXT)}"
    ),
    "query of the long path": Way(None, None, f"/api/v1.0/predictions?json={quote(TEXT)}", "GET"),
    "get": Way(None, None, method="GET"),
    "get with a body": Way(TEXT.encode(), method="GET"),
    "put": Way(TEXT.encode(), method="PUT"),
    "delete": Way(None, None, method="DELETE"),
    "long path": Way(TEXT.encode(), path="/api/v1.0/predictions"),
    "older path": Way(TEXT.encode(), path="/api/v0.1/predictions"),
    "path with a slash": Way(TEXT.encode(), path="/predict/"),
    "multipart data": multipart(part("data", json.dumps(MESSAGE["data"]))),
    "multipart data and meta": multipart(
        part("data", json.dumps(MESSAGE["data"])), part("meta", json.dumps(MESSAGE["meta"]))
    ),
    "multipart strData": multipart(part("strData", "text ü")),
    "multipart strData file": multipart(part("strData", "text ü", file="a.txt", kind="text/plain")),
    "multipart binData file": multipart(part("binData", b"\x00\xff", file="a", kind="image/png")),
    "multipart binData file of our limit": multipart(part("binData", b"a\r\n--limi\r\n", file="a")),
    "multipart empty file": multipart(part("binData", b"", file="a")),
    "multipart binData text": multipart(part("binData", '"AP8="')),
    "multipart binData bare text": multipart(part("binData", "AP8=")),
    "multipart jsonData": multipart(part("jsonData", '{"a": [1]}')),
    "multipart jsonData file": multipart(
        part("jsonData", '{"a": [1]}', file="a.json", kind="application/json")
    ),
    "multipart jsonData, not json": multipart(part("jsonData", "{")),
    "multipart unknown part": multipart(part("other", "1")),
    "multipart json": multipart(part("json", TEXT)),
    "multipart of nothing": multipart(),
    "multipart without an end": multipart(part("strData", "x"), end=b""),
    "multipart without a boundary": Way(b"--limit--\r\n", "multipart/form-data"),
    "multipart, twice the same": multipart(part("strData", "a"), part("strData", "b")),
}
