"""Base images made from Debian packages: no container registry, no container engine."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping

from ..digest import Digest
from ..errors.resolution import OfflineMissing
from ..events import Emit, decision
from ..image import Image
from ..layer import Layer, LayerKind
from ..prefix import LAYOUT_VERSION
from ..store import Record, Store
from ..target import MACHINES
from .rootfs import exclusive

# Raise it whenever the bytes of a base would change for the same packages; what the layout version tells, as
# another encoder, is no reason to.
BASE_LAYOUT = "3"


def host_architecture() -> str:
    """Return OCI's name of the architecture that this machine's programs are made for."""
    machine = os.uname().machine
    return next((name for name, known in MACHINES.items() if known == machine), machine)


def debian_base(
    suite: str,
    architecture: str,
    store: Store,
    emit: Emit,
    *,
    kind: str = "run",
    mirror: str = "",
    force: bool = False,
    offline: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Image:
    """Return the image of ``suite`` ("trixie", "bookworm"), made at the first use and when ``force`` asks.

    Without ``mirror`` mmdebstrap uses Debian's own. ``environment`` may hold proxy variables.
    """
    key = _key(suite, architecture, kind, mirror)
    if not force and (kept := _kept(store, key)):
        return kept
    with exclusive(store.root / "rootfs" / f".base-{key.hex}.lock"):
        if not force and (kept := _kept(store, key)):
            return kept
        if offline:
            base = f"the {kind} image {suite}/{architecture}, whose making --offline forbids"
            raise OfflineMissing([base], "build once without --offline, or give --run-image oci:DIR")
        emit(
            decision(
                "base", f"Making the {kind} image of Debian {suite} for {architecture}: not in the store"
            )
        )
        # A warm build has no use for what makes a base: tarfile alone costs it 10 ms.
        from .bootstrap import Bootstrap, made_record

        def native() -> Image:
            return debian_base(
                suite, host_architecture(), store, emit,
                kind=kind, mirror=mirror, force=force, environment=environment,
            )  # fmt: skip

        bootstrap = Bootstrap(suite, architecture, kind, mirror, environment or {}, emit)
        is_native = architecture == host_architecture()
        record = made_record(bootstrap, store, None if is_native else native)
        store.keep("bases", key, record)
        return _image(record, store)


def _key(suite: str, architecture: str, kind: str, mirror: str) -> Digest:
    facts = [suite, architecture, kind, without_password(mirror), BASE_LAYOUT, LAYOUT_VERSION]
    return Digest.of(json.dumps(facts).encode())


def without_password(text: str) -> str:
    """Cut the credentials out of every URL in ``text``."""
    return re.sub(r"//[^/@\s]+@", "//", text)


def _kept(store: Store, key: Digest) -> Image | None:
    record = store.record("bases", key)
    if record and store.has(Digest.parse(record["digest"]), record["size"]):
        return _image(record, store, reused=True)
    return None


def _image(record: Record, store: Store, *, reused: bool = False) -> Image:
    digest = Digest.parse(record["digest"])
    layer = Layer(
        digest,
        Digest.parse(record["diff_id"]),
        record["size"],
        record["unpacked_size"],
        LayerKind.BASE,
        record["created_by"],
        source=store.blob(digest),
        reused=reused,
    )
    return Image(record["architecture"], (layer,), record["config"])
