"""Package URLs of artifacts, by which others find out about them (the purl specification)."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from ..lock import CONDA, PROJECT, Artifact

_ENDINGS = {".conda": "conda", ".tar.bz2": "tar.bz2"}


def package_url(artifact: Artifact) -> str:
    """Return the package URL of ``artifact``, without anything of where this machine found it."""
    if artifact.kind == PROJECT:
        # What the user develops is in no index; another's package there may bear its name.
        return ""
    kind = "conda" if artifact.kind == CONDA else "pypi"
    plain = f"pkg:{kind}/{artifact.name}@{quote(artifact.version, safe='')}"
    return f"{plain}?{_qualifiers(artifact)}" if artifact.kind == CONDA else plain


def _qualifiers(artifact: Artifact) -> str:
    """Tell apart the builds of one version; of the channel only its name, as its place may be private."""
    parts = unquote(urlsplit(artifact.url).path).split("/")
    ending = next((ending for ending in _ENDINGS if parts[-1].endswith(ending)), "")
    stem = parts[-1].removesuffix(ending)
    channel = parts[-3] if len(parts) > 2 and parts[-4:-3] != ["t"] else ""
    found = {
        "build": stem.rpartition("-")[2],
        "channel": channel if urlsplit(artifact.url).scheme != "file" else "",
        "subdir": parts[-2] if len(parts) > 1 else "",
        "type": _ENDINGS.get(ending, ""),
    }
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in found.items() if value)
