"""Where packages come from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from .secret import Secret

PATIENCE = 15


@dataclass(frozen=True)
class IndexCredential:
    """User and password for every URL below ``url``, or of any port of a host (``//host``).

    ``query`` is what else the server wants to see at the end of each URL: ``token=...``; ``path`` what the
    path of each begins with, a token within it: ``/t/...``.
    """

    url: str
    username: Secret
    password: Secret
    query: Secret = field(default_factory=lambda: Secret(""))
    path: Secret = field(default_factory=lambda: Secret(""))


@dataclass(frozen=True)
class IndexPin:
    """The distribution of this normalised ``name`` comes from the index at ``url`` and from nowhere else."""

    name: str
    url: str


@dataclass(frozen=True)
class PackageIndex:
    """Index URLs (never with a user part), hosts trusted without TLS, local wheel folders, CA, credentials.

    ``index_url`` empty means the default of the engine. ``wheel_folders`` are absolute paths of folders whose
    wheels are taken before any index's, of which an engine sees constraints that name their places;
    ``find_links`` are pip's, where the newest wins wherever it lies.
    ``certificates`` are further authorities, in PEM, beside those of ``ca_bundle``, or else this machine's.
    ``timeout`` in seconds is how long a server may be silent, 0 for the default. ``offline`` forbids every
    network access. ``origins`` are the files that said any of this.
    """

    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    wheel_folders: tuple[str, ...] = ()
    pins: tuple[IndexPin, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    ca_bundle: Path | None = None
    certificates: tuple[str, ...] = ()
    timeout: int = 0
    proxies: tuple[tuple[str, Secret], ...] = ()
    credentials: tuple[IndexCredential, ...] = field(default=(), compare=False)
    no_index: bool = False
    offline: bool = False
    origins: tuple[str, ...] = field(default=(), compare=False)

    @property
    def patience(self) -> int:
        """The seconds that a silent server is waited for."""
        return self.timeout or PATIENCE

    def merged(self, other: PackageIndex) -> PackageIndex:
        """Add what ``other`` knows; what this one already says wins."""

        def union(mine: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(dict.fromkeys((*mine, *theirs)))

        return replace(
            self,
            index_url=self.index_url or other.index_url,
            extra_index_urls=union(self.extra_index_urls, other.extra_index_urls),
            find_links=union(self.find_links, other.find_links),
            wheel_folders=union(self.wheel_folders, other.wheel_folders),
            pins=self.pins
            + tuple(pin for pin in other.pins if pin.name not in {own.name for own in self.pins}),
            trusted_hosts=union(self.trusted_hosts, other.trusted_hosts),
            ca_bundle=self.ca_bundle or other.ca_bundle,
            certificates=union(self.certificates, other.certificates),
            timeout=self.timeout or other.timeout,
            proxies=tuple(dict((*other.proxies, *self.proxies)).items()),
            credentials=tuple(dict.fromkeys((*self.credentials, *other.credentials))),
            no_index=self.no_index or other.no_index,
            offline=self.offline or other.offline,
            origins=union(self.origins, other.origins),
        )
