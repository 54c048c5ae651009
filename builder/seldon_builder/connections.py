"""How to reach registries and the Docker engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .secret import Secret

DOCKER_SOCKET = "unix:///var/run/docker.sock"


@dataclass(frozen=True)
class Connections:
    """What the caller's environment says about the network, read once by the command line.

    ``docker_config`` is the credentials file (``config.json``); ``docker_host`` a ``unix://`` or ``tcp://``
    address, empty for the default socket, with ``docker_certificates`` the folder of ``ca.pem``, ``cert.pem``
    and ``key.pem`` of an engine that speaks TLS. ``ca_bundle`` is trusted beside the system's authorities.
    ``proxies`` maps ``http`` and ``https`` to a proxy's URL and ``no`` to the comma-separated hosts that need
    none. ``timeout`` is how many seconds a peer may be silent.
    """

    docker_config: Path | None = None
    docker_host: str = ""
    docker_certificates: Path | None = None
    ca_bundle: Path | None = None
    proxies: tuple[tuple[str, Secret], ...] = ()
    timeout: float = 60.0

    def proxy(self, name: str) -> str:
        """Return the setting of ``name`` (``http``, ``https``, ``no``) in the clear, empty where none is."""
        found = dict(self.proxies).get(name)
        return found.reveal() if found else ""
