"""Image references: ``registry/repository:tag@digest``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .digest import Digest
from .errors import ReferenceInvalid

DEFAULT_REGISTRY = "docker.io"
# Docker's engine and credential files know its own registry by this older name.
_PATH_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PATH_COMPONENT}(?:/{_PATH_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_REGISTRY = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])"
    r"(?::[0-9]+)?"
)


@dataclass(frozen=True)
class Reference:
    """Where an image lives, by the grammar of the OCI distribution specification.

    ``registry`` is empty when the text named none: the daemon then keeps the short name, and a push goes
    to ``DEFAULT_REGISTRY``. ``tag`` is ``latest`` when neither tag nor digest was given.
    """

    repository: str
    registry: str = ""
    tag: str = ""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a reference; ReferenceInvalid says which part breaks the grammar."""
        name, at, digest_text = text.partition("@")
        try:
            digest = Digest.parse(digest_text) if at else None
        except ValueError as error:
            raise ReferenceInvalid(
                text, f"{digest_text!r} is not a digest (sha256:<64 hex digits>)"
            ) from error
        first, slash, rest = name.partition("/")
        is_registry = bool(slash) and (first == "localhost" or bool(re.search(r"[.:\[]", first)))
        registry, path = (first, rest) if is_registry else ("", name)
        path, colon, tag = path.partition(":")
        if registry and not _REGISTRY.fullmatch(registry):
            raise ReferenceInvalid(text, f"{registry!r} is not a registry (host or host:port)")
        if not _REPOSITORY.fullmatch(path):
            raise ReferenceInvalid(text, f"{path!r} is not a name (lowercase, digits, '.', '_', '-', '/')")
        if colon and not _TAG.fullmatch(tag):
            raise ReferenceInvalid(text, f"{tag!r} is not a tag (letters, digits, '_', '.', '-')")
        return cls(path, registry, tag or ("" if digest else "latest"), digest)

    def with_digest(self, digest: Digest) -> Reference:
        """Pin this reference to ``digest``."""
        return replace(self, digest=digest)

    @property
    def host(self) -> str:
        """The registry that a push or pull talks to."""
        return self.registry or DEFAULT_REGISTRY

    @property
    def remote_repository(self) -> str:
        """The repository as the registry knows it."""
        if self.host == DEFAULT_REGISTRY and "/" not in self.repository:
            return f"library/{self.repository}"
        return self.repository

    @property
    def selector(self) -> str:
        """What follows ``manifests/``: the digest where there is one, else the tag."""
        return str(self.digest) if self.digest else self.tag

    def __str__(self) -> str:
        name = f"{self.registry}/{self.repository}" if self.registry else self.repository
        return name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")
