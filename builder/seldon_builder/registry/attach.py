"""Documents beside an image in a registry: as referrers, found by its API or by the fallback tag.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests-with-subject
"""

from __future__ import annotations

import json
from threading import Event
from typing import Any

from ..digest import Digest
from ..entry import Bytes
from ..errors import SeldonError
from ..errors.destination import ImageNotFound, RegistryProtocol
from ..events import Emit, decision, warning
from ..image import MANIFEST, Image
from ..media.manifests import INDEX, Malformed, document_of
from ..media.referrers import Referrer, fallback_tag, referrers_of
from .client import Repository
from .upload import Blob, upload


def attach(repository: Repository, image: Image, emit: Emit) -> None:
    """Push what refers to ``image``, which is there; a registry that wants none of it gets a warning."""
    host = repository.reference.host
    for referrer in referrers_of(image):
        kind = referrer.attachment.media_type
        try:
            _attach(repository, referrer)
        except SeldonError as error:
            emit(warning("write", f"{host} has the image, but not the {kind} beside it: {error.message}"))
        else:
            emit(decision("write", f"{kind} is beside the image, as {referrer.digest}"))


def _attach(repository: Repository, referrer: Referrer) -> None:
    if repository.has_manifest(referrer.digest, MANIFEST):
        return
    for data in referrer.blobs:
        upload(repository, Blob(Digest.of(data), len(data), Bytes(data)), lambda _: None, Event())
    if not repository.put_manifest(str(referrer.digest), referrer.manifest_bytes, MANIFEST):
        _list(repository, referrer)


def _list(repository: Repository, referrer: Referrer) -> None:
    """Add the referrer to the index under the fallback tag, as every client of such a registry does."""
    tag = fallback_tag(referrer.image.digest)
    entries = [entry for entry in _listed(repository, tag) if entry.get("digest") != str(referrer.digest)]
    document = {"manifests": [*entries, referrer.descriptor], "mediaType": INDEX, "schemaVersion": 2}
    body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    repository.put_manifest(tag, body, INDEX)


def _listed(repository: Repository, tag: str) -> list[dict[str, Any]]:
    try:
        found = document_of(repository.manifest(tag, [INDEX]).body).get("manifests")
    except ImageNotFound:
        return []
    except Malformed as error:
        # To write anew what others listed there, and we cannot read, would lose it.
        raise RegistryProtocol(repository.origin.address, f"its {tag} is no index: {error}") from error
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
