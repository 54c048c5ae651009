"""Whom a registry may send us to, and where plain http is allowed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import urljoin, urlsplit

from ..errors.destination import RegistryProtocol

# What the line of a request can hold.
_WRITABLE = re.compile(r"[!-~]+")
_PORTS = {"http": 80, "https": 443}
# How far out an address is: a registry may send us to its own distance or farther out, never nearer in.
_PUBLIC, _PRIVATE, _THIS_MACHINE, _NEVER = range(4)


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port: what credentials are bound to."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """Read the origin of an absolute http or https URL; a ValueError for anything else."""
        if not _WRITABLE.fullmatch(url):
            raise ValueError("not an http or https URL")
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("not an http or https URL")
        return cls(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme])

    @property
    def address(self) -> str:
        """Host and port as the Host header writes them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def is_this_machine(host: str) -> bool:
    """Tell whether ``host`` is localhost, 127.0.0.0/8 or ::1, where plain http harms nobody."""
    if host in ("localhost", "127.0.0.1", "::1"):
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_hop(registry: Origin, url: str, *, insecure: bool) -> Origin:
    """Return the origin of ``url``, to which ``registry`` sends us; RegistryProtocol where we must not go.

    Refused are an address nearer to us than the registry itself (a public one sending us to 10.0.0.1, any
    one to the cloud's metadata service) and plain http to another machine unless ``insecure``.
    """
    try:
        target = Origin.of(url)
    except ValueError as error:
        what = "it sends us to something that is not an http or https URL"
        raise RegistryProtocol(registry.address, what) from error
    if target == registry:
        return target
    same_host = target.host == registry.host
    plain_allowed = registry.scheme == "http" and (insecure or is_this_machine(target.host))
    if target.scheme == "http" and not plain_allowed:
        raise RegistryProtocol(registry.address, f"it sends us to {target.address} over plain http")
    if not same_host and _nearness(target.host) > _nearness(registry.host):
        raise RegistryProtocol(registry.address, f"it sends us to a private address ({target.address})")
    return target


def next_hop(registry: Origin, url: str, location: str, *, insecure: bool) -> str:
    """Return where the ``location`` of an answer from ``url`` leads, checked as by ``check_hop``."""
    try:
        target = urljoin(url, location)
    except ValueError as error:
        what = "it sends us to something that is not an http or https URL"
        raise RegistryProtocol(registry.address, what) from error
    check_hop(registry, target, insecure=insecure)
    return target


@cache
def _nearness(host: str) -> int:
    import ipaddress
    import socket

    try:
        found = {str(answer[4][0]) for answer in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        # A name that only a proxy can resolve: not an address of ours.
        return _PUBLIC
    return max(_nearness_of(ipaddress.ip_address(text.partition("%")[0])) for text in found)


def _nearness_of(address: object) -> int:
    import ipaddress

    assert isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return _nearness_of(mapped)
    if address.is_link_local or address.is_unspecified or address.is_multicast:
        return _NEVER
    if address.is_loopback:
        return _THIS_MACHINE
    return _PRIVATE if address.is_private else _PUBLIC
