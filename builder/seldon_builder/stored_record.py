"""Records as they lie on the disk: JSON, with a checksum of their kind, key and value.

Without it, a record that another release wrote, or a disk damaged, would be believed for being JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Record = Mapping[str, Any]
_BEFORE, _BETWEEN, _AFTER = b'{"sha256": "', b'", "record": ', b"}\n"
_BODY = len(_BEFORE) + 64 + len(_BETWEEN)


def written(path: Path, value: Record) -> bytes:
    """Return what the file at ``path`` must hold to keep ``value`` (JSON)."""
    body = json.dumps(value, sort_keys=True).encode()
    return _BEFORE + _checksum(path, body) + _BETWEEN + body + _AFTER


def read(path: Path) -> Record:
    """Return what was kept at ``path``; a ValueError for anything that ``written`` did not write for it."""
    data = path.read_bytes()
    body = data[_BODY : -len(_AFTER)]
    if data != _BEFORE + _checksum(path, body) + _BETWEEN + body + _AFTER:
        raise ValueError(f"{path} is not the record that was kept")
    try:
        found = json.loads(body)
    except RecursionError as error:
        raise ValueError(f"{path} is too deep") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds no object")
    return found


def _checksum(path: Path, body: bytes) -> bytes:
    place = f"{path.parent.name}/{path.name}\n".encode()
    return hashlib.sha256(place + body).hexdigest().encode()
