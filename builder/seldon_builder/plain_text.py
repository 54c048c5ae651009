"""Text of strangers as a terminal shows it: nothing in it moves, colours or hides anything."""

from __future__ import annotations

import re

_WIDEST = 2000
# Control characters of both sets but tab and line feed, and what turns the direction of writing.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Return ``text`` with each steering character spelled out, and of a line without end its beginning."""
    text = _STEERING.sub(lambda found: repr(found[0])[1:-1], text.replace("\r\n", "\n"))
    if len(text) <= _WIDEST:
        return text
    return "\n".join(line if len(line) <= _WIDEST else f"{line[:_WIDEST]}…" for line in text.split("\n"))
