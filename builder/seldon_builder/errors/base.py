"""What can go wrong with base images and their interpreters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ..digest import Digest
from . import SeldonError

FIRST_SUPPORTED, LAST_SUPPORTED = "3.10", "3.13"


class BootstrapMissing(SeldonError):
    """The tool that makes base images from Debian packages is not installed."""

    exit_code: ClassVar[int] = 40

    def __init__(self) -> None:
        super().__init__(
            "Making the base image needs mmdebstrap, which is not installed.",
            hint="run `apt-get install mmdebstrap`, or name a base image with --run-image",
        )


class BaseNotMade(SeldonError):
    """The base image could not be made from Debian packages."""

    exit_code: ClassVar[int] = 41

    def __init__(self, base: str, complaint: str) -> None:
        super().__init__(
            f"Could not make the base image {base}:\n{complaint}",
            hint="check that the Debian mirror is reachable (--mirror names another one), or name a base "
            "image with --run-image. Users other than root need user namespaces and a range in /etc/subuid.",
        )
        self.base = base
        self.complaint = complaint


class BaseWithoutPython(SeldonError):
    """The base image has no Python on its PATH."""

    exit_code: ClassVar[int] = 42

    def __init__(self, base: str, searched: Sequence[str]) -> None:
        super().__init__(
            f"The base image {base} has no Python. Searched: {', '.join(searched)}.",
            hint=f"name a base image with one Python {FIRST_SUPPORTED} to {LAST_SUPPORTED} on its PATH "
            "with --run-image, or leave the option out for the default one",
        )
        self.base = base
        self.searched = tuple(searched)


class BaseWithSeveralPythons(SeldonError):
    """The base image has more than one supported Python on its PATH."""

    exit_code: ClassVar[int] = 43

    def __init__(self, base: str, found: Sequence[str]) -> None:
        super().__init__(
            f"The base image {base} has several Pythons: {', '.join(found)}.",
            hint="say which one is meant, with --python or a .python-version file",
        )
        self.base = base
        self.found = tuple(found)


class BaseNotSupported(SeldonError):
    """The base image has a Python, but one that nothing can be built for."""

    exit_code: ClassVar[int] = 44

    def __init__(self, base: str, found: str) -> None:
        super().__init__(
            f"The base image {base} is not supported: {found}.",
            hint=f"use a base image with glibc and Python {FIRST_SUPPORTED} to {LAST_SUPPORTED}, "
            "or leave --run-image out for the default one",
        )
        self.base = base
        self.found = found


class LayerUnreadable(SeldonError):
    """A layer of the base image cannot be unpacked here."""

    exit_code: ClassVar[int] = 45

    def __init__(self, digest: Digest, reason: str) -> None:
        super().__init__(
            f"Layer {digest} of the base image cannot be unpacked: {reason}.",
            hint="name a base image with gzip layers with --run-image, or leave it out for the default one",
        )
        self.digest = digest
        self.reason = reason


class PythonNotOffered(SeldonError):
    """The wanted Python is one that no base image of ours has."""

    exit_code: ClassVar[int] = 46

    def __init__(self, wanted: str, origin: str, offered: Sequence[str]) -> None:
        super().__init__(
            f"No default base image has the Python that is wanted: {wanted} ({origin}). "
            f"Offered: {', '.join(offered)}.",
            hint="name a base image with that Python with --run-image (for example --run-image "
            f"python:3.12-slim), take an offered one with --python {offered[0]}, or change {origin}",
        )
        self.wanted = wanted
        self.origin = origin
        self.offered = tuple(offered)


class PythonConflict(SeldonError):
    """Two places ask for different Pythons, or the base image has another than the one asked for."""

    exit_code: ClassVar[int] = 47

    def __init__(self, wanted: str, origin: str, other: str, other_origin: str) -> None:
        super().__init__(
            f"{origin} asks for Python {wanted}, but {other_origin} has {other}.",
            hint=f"make them agree: change {origin} or {other_origin}",
        )
        self.wanted = wanted
        self.origin = origin
        self.other = other
        self.other_origin = other_origin


class InterpreterFailed(SeldonError):
    """The base image's Python was started and ended with an error, or could not be started."""

    exit_code: ClassVar[int] = 48

    def __init__(self, python: str, complaint: str, hint: str = "") -> None:
        super().__init__(f"The base image's interpreter {python} failed:\n{complaint}", hint=hint)
        self.python = python
        self.complaint = complaint


class BytecodeImpossible(SeldonError):
    """No program of this machine can stand in for the base image's own interpreter."""

    exit_code: ClassVar[int] = 49

    def __init__(self, python: str, reason: str) -> None:
        super().__init__(
            f"Bytecode for Python {python} cannot be compiled on this machine: {reason}.",
            hint="leave the bytecode out with --no-bytecode (containers then start more slowly)",
        )
        self.python = python
        self.reason = reason
