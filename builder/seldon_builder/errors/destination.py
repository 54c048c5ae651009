"""What can go wrong between us and a registry, a Docker engine, an OCI layout or an archive."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from . import SeldonError

_LOGIN = "log in with `docker login {host}`, and check that the account may {act} there"


def _unnamed(image: str, host: str) -> str:
    return f"{image} names no registry, so it means the public default, {host}. " if image else ""


def _named(image: str, hint: str) -> str:
    return f"write host[:port]/{image} if it is meant to be elsewhere; else {hint}" if image else hint


class RegistryUnreachable(SeldonError):
    """Nothing that speaks the registry's protocol answers there."""

    exit_code: ClassVar[int] = 50

    def __init__(self, host: str, reason: str, hint: str = "", *, unnamed: str = "") -> None:
        """``unnamed`` is the image whose name has no registry in it."""
        super().__init__(
            f"{_unnamed(unnamed, host)}Cannot reach the registry {host}: {reason}.",
            hint=_named(unnamed, hint or "check the name and the port, the network and the proxy settings"),
        )
        self.host = host
        self.reason = reason


class RegistryRefused(SeldonError):
    """The registry knows us not, or does not let us do this."""

    exit_code: ClassVar[int] = 51

    def __init__(self, host: str, act: str, credentials: str, answer: str = "", *, unnamed: str = "") -> None:
        """``unnamed`` is the image whose name has no registry in it."""
        said = f" It said: {answer}." if answer else ""
        super().__init__(
            f"{_unnamed(unnamed, host)}The registry {host} refused to let us {act} ({credentials}).{said}",
            hint=_named(unnamed, _LOGIN.format(host=host, act=act.partition(" ")[0])),
        )
        self.host = host
        self.act = act
        self.credentials = credentials
        self.answer = answer


class RegistryProtocol(SeldonError):
    """A registry answered what no registry should."""

    exit_code: ClassVar[int] = 52

    def __init__(self, host: str, what: str) -> None:
        super().__init__(
            f"The registry {host} gave an answer that we cannot use: {what}.",
            hint="try again later; if it stays, show this message to whoever runs the registry",
        )
        self.host = host
        self.what = what


class UploadInterrupted(SeldonError):
    """The connection broke while a blob was sent, each time we tried."""

    exit_code: ClassVar[int] = 53

    def __init__(self, host: str, what: str, reason: str, tries: int) -> None:
        super().__init__(
            f"The upload of {what} to {host} broke off {tries} times: {reason}.",
            hint="run the same command again: what has arrived there is not sent twice",
        )
        self.host = host
        self.what = what
        self.reason = reason


class ImageNotFound(SeldonError):
    """There is no such image, or none for the wanted platform.

    ``offered`` lists the platforms (or names) that are there instead.
    """

    exit_code: ClassVar[int] = 54

    def __init__(
        self,
        name: str,
        place: str,
        reason: str,
        offered: Sequence[str] = (),
        hint: str = "",
        *,
        elsewhere: str = "",
    ) -> None:
        """``elsewhere`` says how it went at the next place that was asked."""
        there = f" On offer: {', '.join(sorted(offered))}." if offered else ""
        super().__init__(
            f"No image {name} in {place}: {reason}.{there}" + (f" {elsewhere}" if elsewhere else ""),
            hint=hint or "check the spelling of the name and the tag",
        )
        self.name = name
        self.place = place
        self.reason = reason
        self.offered = tuple(offered)


class DaemonUnreachable(SeldonError):
    """No Docker engine answers."""

    exit_code: ClassVar[int] = 55

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(
            f"No Docker engine answers at {host}: {reason}.",
            hint="start Docker, set DOCKER_HOST (unix:// or tcp://), or write the image elsewhere: "
            "--output oci:DIR, archive:FILE or registry",
        )
        self.host = host
        self.reason = reason


class DaemonRefused(SeldonError):
    """The Docker engine did not do what it was asked."""

    exit_code: ClassVar[int] = 56

    def __init__(self, act: str, answer: str) -> None:
        full = "no space left on device" in answer
        super().__init__(
            f"The Docker engine failed to {act}: {answer}.",
            hint="free some space where Docker keeps its data (`docker system prune`)"
            if full
            else "look into the engine's log; `--output archive:FILE` writes the image without an engine",
        )
        self.act = act
        self.answer = answer


class OutputUnwritable(SeldonError):
    """A layout, an archive or another file cannot be written where the user wants it."""

    exit_code: ClassVar[int] = 57

    def __init__(self, place: Path, reason: str, *, what: str = "the image", option: str = "") -> None:
        super().__init__(
            f"Cannot write {what} to {place}: {reason}.",
            hint=f"choose another place with {option or '--output oci:DIR or archive:FILE'}",
        )
        self.place = place
        self.reason = reason


class LayoutInvalid(SeldonError):
    """A folder is not an OCI layout that we can read, or a blob in it is damaged."""

    exit_code: ClassVar[int] = 58

    def __init__(self, place: Path, reason: str) -> None:
        super().__init__(
            f"{place} is not a usable OCI image layout: {reason}.",
            hint="make it anew, for example with `skopeo copy docker://IMAGE oci:DIR`",
        )
        self.place = place
        self.reason = reason


class CredentialsUnreadable(SeldonError):
    """The credentials file cannot be read, or a credential helper failed."""

    exit_code: ClassVar[int] = 59

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(
            f"Cannot read registry credentials from {place}: {reason}.",
            hint="repair it, or use another configuration with DOCKER_CONFIG=DIR",
        )
        self.place = place
        self.reason = reason
