"""Names without a registry: they mean the public default, which may be news to whoever wrote one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors.destination import RegistryRefused, RegistryUnreachable
from ..reference import Reference


@contextmanager
def default_explained(reference: Reference) -> Iterator[None]:
    """Let errors of the default registry say why it was asked at all, where ``reference`` names none."""
    try:
        yield
    except RegistryUnreachable as error:
        if reference.registry:
            raise
        raise RegistryUnreachable(reference.host, error.reason, error.hint, unnamed=str(reference)) from error
    except RegistryRefused as error:
        if reference.registry:
            raise
        raise RegistryRefused(
            reference.host, error.act, error.credentials, error.answer, unnamed=str(reference)
        ) from error
