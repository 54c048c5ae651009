"""What of Debian a run image keeps, and what is added for the user it runs as."""

from __future__ import annotations

import re
from dataclasses import replace

from ..entry import GROUP, USER, Entry
from .tree import Member, Tree, with_files, with_folders

HOME = "/home/seldon"
# Folders stay, empty: what is in them belongs to the machine, to a moment, or to absent package tools.
_EMPTIED = (
    "dev", "proc", "sys", "run", "tmp", "var/tmp", "var/cache", "var/log", "var/backups", "var/lib/apt",
    "etc/apt", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian",
    "usr/share/bash-completion", "usr/share/bug",
)  # fmt: skip
_DROPPED = re.compile(
    r"etc/(?:passwd|group|shadow|gshadow|subuid|subgid)-"
    # The host's: a container's runtime writes its own.
    r"|etc/(?:resolv\.conf|hostname|machine-id|\.pwd\.lock)"
    r"|var/lib/dpkg/(?:\S*-old|lock|lock-frontend|triggers/Lock)"
    # The C library's converters; Python has its own. What is common in the West stays for libraries in C.
    r"|usr/lib/[^/]+/gconv/(?!gconv-modules|CP125|ISO8859-|UNICODE|UTF-)[^/]+"
    # Licences stay.
    r"|usr/share/doc/[^/]+/(?!copyright$).*"
)
_KEPT = {"run/lock"}
_OURS = (
    Entry(HOME.strip("/"), 0o775),
    Entry("layers", 0o775),
    Entry("workspace", 0o775),
)


def trimmed(tree: Tree) -> dict[str, Member]:
    """Return ``tree`` without what differs from run to run, and with our user and its folders."""
    kept = {path: member for path, member in tree.items() if not _is_dropped(path)}
    for path, member in kept.items():
        # A kept name of a hard-linked file never points to a dropped one: both lie in one folder.
        assert not member.is_hard_link or member.entry.link in kept, path
    return with_folders(with_files(kept, _accounts(tree)), _folders(kept))


def _is_dropped(path: str) -> bool:
    if path in _KEPT:
        return False
    return bool(_DROPPED.fullmatch(path)) or any(path.startswith(f"{folder}/") for folder in _EMPTIED)


def _accounts(tree: Tree) -> dict[str, bytes]:
    ours = f"seldon:*:{USER}:{GROUP}:seldon:{HOME}:/bin/sh\n".encode()
    return {"etc/passwd": tree["etc/passwd"].read().removesuffix(ours) + ours}


def _folders(tree: Tree) -> list[Entry]:
    """Return our user's folders, and those of the runtime's mounts that not every suite brings."""
    mounts = [Entry(name, 0o755, user=0, group=0) for name in ("dev", "proc", "sys", "run", "mnt", "home")]
    present = [
        replace(entry, mode=tree[entry.path].entry.mode) if entry.path in tree else entry for entry in mounts
    ]
    return [*present, *_OURS]
