"""Files of this machine that locks and requirements name by URL."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit


def path_of(url: str) -> Path:
    """Return the path that ``Path.as_uri`` made ``url`` of; names need not be UTF-8."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(url).path)))
