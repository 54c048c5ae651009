"""Base images: the default ones, made from Debian packages, and those that the user names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..connections import Connections
from ..errors.base import PythonConflict
from ..errors.destination import DaemonUnreachable, ImageNotFound, RegistryRefused, RegistryUnreachable
from ..events import Emit, decision
from ..image import Image
from ..inputs.python_version import Wanted
from ..reference import Reference
from ..secret import Secret
from ..store import Store
from ..target import Target
from . import choice, debian
from .inspection import target_of
from .rootfs import chain_of, unpack

__all__ = ["Base", "base_for", "default_base"]


@dataclass(frozen=True)
class Base:
    """The image that a model's image stands on.

    ``name`` is what --run-image said, or the name of a default one; ``rootfs`` unpacks its files when they
    are needed; ``twin`` gives the same base for this machine's architecture, where there is one; ``is_ours``
    tells that this store made it from Debian's packages; ``python_identity`` is that of a Python which is not
    the base's own, but was put into it.
    """

    image: Image
    target: Target
    name: str
    rootfs: Callable[[], Path] = field(compare=False)
    twin: Callable[[], Base] | None = field(default=None, compare=False)
    is_ours: bool = False
    python_identity: str = ""

    @property
    def identity(self) -> str:
        """What the bytecode that its Python makes is filed under; see Interpreter.identity."""
        if self.python_identity:
            return self.python_identity
        version = self.target.python_version
        # The path too: labels name it, and are no part of the files.
        return version if self.is_ours else f"{version} {self.target.python_path} {chain_of(self.image)}"


def base_for(
    run_image: str,
    wanted: Wanted,
    architecture: str,
    store: Store,
    emit: Emit,
    *,
    connections: Connections,
    insecure: bool = False,
    offline: bool = False,
    force: bool = False,
    mirror: str = "",
) -> Base:
    """Return the base that ``run_image`` names, or the default one that has the ``wanted`` Python.

    ``run_image`` is ``oci:DIR``, ``docker:NAME``, a name that the Docker engine has, or a registry reference;
    ``force`` accepts one whose labels are missing or wrong: its files are looked into.
    """
    if run_image:
        reader = Reader(architecture, store, emit, connections, insecure, offline)
        image = reader.read(run_image)
        rootfs = partial(unpack, image, store, emit)
        target = target_of(image, run_image, rootfs, store, emit, wanted=wanted, force=force)
        chosen = Base(image, target, run_image, rootfs)
    else:
        suite = choice.choose_suite(wanted)
        chosen = default_base(
            suite, architecture, store, emit, mirror=mirror, offline=offline, proxies=connections.proxies
        )
    _check(chosen, wanted, emit)
    return chosen


def default_base(
    suite: str,
    architecture: str,
    store: Store,
    emit: Emit,
    *,
    kind: str = "run",
    mirror: str = "",
    offline: bool = False,
    force: bool = False,
    proxies: tuple[tuple[str, Secret], ...] = (),
) -> Base:
    """Return the base that is made from Debian ``suite``, anew where ``force`` asks.

    ``kind`` is "run", or "build" for the same packages with pip, a compiler and Python's headers; ``proxies``
    are those of Connections.
    """
    environment = {f"{name}_proxy": url.reveal() for name, url in proxies}
    image = debian.debian_base(
        suite, architecture, store, emit,
        kind=kind, mirror=mirror, offline=offline, force=force, environment=environment,
    )  # fmt: skip
    name, rootfs = f"seldon-python-{kind}:{suite}", partial(unpack, image, store, emit)
    target = target_of(image, name, rootfs, store, emit)
    here = debian.host_architecture()
    twin = partial(
        default_base, suite, here, store, emit, kind=kind, mirror=mirror, offline=offline, proxies=proxies
    )
    return Base(image, target, name, rootfs, None if architecture == here else twin, is_ours=True)


@dataclass(frozen=True)
class Reader:
    """Reads the image that the user names, from wherever it is."""

    architecture: str
    store: Store
    emit: Emit
    connections: Connections
    insecure: bool
    offline: bool

    def read(self, run_image: str) -> Image:
        """Read ``oci:DIR``, ``docker:NAME``, a name that the Docker engine has, or a registry reference."""
        medium, _, rest = run_image.partition(":")
        if medium == "oci":
            from ..media.layout_source import image_from_layout

            return image_from_layout(Path(rest), self.architecture, self.store)
        if medium == "docker":
            return self._from_daemon(rest)
        reference = Reference.parse(run_image)
        # What names a registry is asked there: the engine's copy would have other digests.
        if reference.registry:
            return self._from_registry(reference)
        try:
            return self._from_daemon(run_image)
        except (DaemonUnreachable, ImageNotFound) as error:
            absent = error
        try:
            return self._from_registry(reference)
        except (RegistryUnreachable, RegistryRefused, ImageNotFound) as error:
            raise _nowhere(run_image, absent, error) from error

    def _from_registry(self, reference: Reference) -> Image:
        from ..registry.pull import image_from_registry

        return image_from_registry(
            reference, self.architecture, self.store, self.emit, self.insecure,
            connections=self.connections, offline=self.offline,
        )  # fmt: skip

    def _from_daemon(self, name: str) -> Image:
        from ..media.daemon_source import image_from_daemon

        return image_from_daemon(name, self.architecture, self.store, self.emit, connections=self.connections)


def _nowhere(
    name: str,
    absent: DaemonUnreachable | ImageNotFound,
    error: RegistryUnreachable | RegistryRefused | ImageNotFound,
) -> ImageNotFound:
    """Tell of both places that a name without a registry may stand for."""
    return ImageNotFound(
        name,
        "the Docker engine",
        absent.reason if isinstance(absent, ImageNotFound) else f"none answers at {absent.host}",
        absent.offered if isinstance(absent, ImageNotFound) else (),
        error.hint,
        elsewhere=error.message,
    )


def _check(chosen: Base, wanted: Wanted, emit: Emit) -> None:
    """Compare the base's Python with the one that is wanted."""
    found = chosen.target.python_version
    if not wanted.allows(found):
        raise PythonConflict(str(wanted), wanted.origin, found, f"the base image {chosen.name}")
    if wanted.exact and wanted.exact != found:
        emit(
            decision(
                "base",
                f"Taking Python {found} of {chosen.name} for the {wanted.exact} of {wanted.origin}: "
                "the base image decides on the patch release",
            )
        )
    elif wanted.origin:
        emit(decision("base", f"Python {found} of {chosen.name} for the {wanted} of {wanted.origin}"))
    else:
        emit(decision("base", f"Python {found} of {chosen.name}"))
