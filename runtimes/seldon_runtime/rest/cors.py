"""Cross-origin requests: pages of every origin may ask, as with the older wrapper."""

from __future__ import annotations

from collections.abc import Sequence

from .replies import Headers

ANYBODY: Headers = ((b"access-control-allow-origin", b"*"),)


def allowing(origin: bytes) -> Headers:
    """Return what tells a browser that a page of ``origin`` may read the answer."""
    if not origin:
        return ANYBODY
    return (b"access-control-allow-origin", origin), (b"vary", b"Origin")


def preflight(headers: Sequence[tuple[bytes, bytes]], allowed: bytes) -> Headers:
    """Return what answers a browser that asks whether it may send its request; nothing to anybody else."""
    asked = dict(headers)
    if b"access-control-request-method" not in asked:
        return ()
    wanted = asked.get(b"access-control-request-headers")
    methods = (b"access-control-allow-methods", allowed)
    return (methods, (b"access-control-allow-headers", wanted)) if wanted else (methods,)
