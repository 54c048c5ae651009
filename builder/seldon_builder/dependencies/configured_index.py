"""Where packages come from, as all who know of it say it together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..errors.indexes import IndexConfigurationInvalid
from ..events import Emit, decision
from ..package_index import PackageIndex
from ..source import read_regular
from ..store import Store

LARGEST_BUNDLE = 16 << 20
_PEM = b"-----BEGIN "


def joined(index: PackageIndex, known: Iterable[PackageIndex], store: Store, emit: Emit) -> PackageIndex:
    """Add to ``index`` what is ``known``, the strongest first, and settle who vouches for servers."""
    for other in known:
        index = index.merged(other)
    if index.origins:
        emit(decision("lock", f"Settings of package indexes: {', '.join(index.origins)}"))
    return _with_one_bundle(index, store)


def _with_one_bundle(index: PackageIndex, store: Store) -> PackageIndex:
    """Join the user's certificates with the bundle that they stand beside: engines take one file."""
    bundle = index.ca_bundle or (_system_bundle() if index.certificates else None)
    content = _bundle(bundle) if bundle and not index.offline else b""
    if not index.certificates:
        return index
    merged = b"\n".join((content, *(pem.encode() for pem in index.certificates))) + b"\n"
    return replace(index, ca_bundle=store.blob(store.add(merged)).path)


def _system_bundle() -> Path | None:
    import ssl

    found = ssl.get_default_verify_paths().cafile
    return Path(found) if found else None


def _bundle(path: Path) -> bytes:
    try:
        content = read_regular(path, LARGEST_BUNDLE)
    except OSError as error:
        raise IndexConfigurationInvalid([f"{path}: {error.strerror or error}"]) from error
    if _PEM not in content:
        raise IndexConfigurationInvalid([f"{path}: it holds no certificate in PEM"])
    return content
