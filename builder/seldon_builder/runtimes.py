"""The server's runtimes: which of them an image gets, and on which ports these listen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from seldon_runtime import plugins
from seldon_runtime.plugins import BUILT_INS, SLIMMED, listed
from seldon_runtime.runtime import Port, Role, Runtime

from .events import Emit, decision
from .settings import Settings

__all__ = [
    "SLIMMED",
    "chosen",
    "known",
    "ports",
    "refuse_contradiction",
    "requirements",
    "tell_left_out",
    "unknown",
]
API_TYPE = "API_TYPE"
LEFT_OUT: Mapping[object, str] = {"REST": "gRPC", "GRPC": "REST"}


def known() -> tuple[str, ...]:
    """Return every name that an image's runtimes can be chosen by."""
    return tuple(sorted(BUILT_INS))


def unknown(names: str) -> tuple[str, ...]:
    """Return what of ``names`` no runtime is called."""
    return tuple(name for name in listed(names) if name not in BUILT_INS)


def chosen(names: str) -> str:
    """Write ``names`` as an image holds them: sorted, with the runtimes that need nothing more beside them.

    A front joins by its name alone: it opens a port.
    """
    named = listed(names)
    there = set(plugins.requirements(named)) if named else set()
    joining = [one for one in _ours({}) if one.role is not Role.FRONT and there.issuperset(one.requirements)]
    return ",".join(sorted({*named, *(one.name for one in joining)})) if named else ""


def requirements(settings: Settings) -> tuple[str, ...]:
    """Return what the chosen runtimes need installed; all of them where none is chosen."""
    return plugins.requirements(listed(settings.get(SLIMMED)))


def refuse_contradiction(variables: Mapping[str, str]) -> None:
    """Raise RuntimeUnavailable where the variables of an image ask for a runtime that they leave out."""
    names = listed(variables.get(SLIMMED, ""))
    wanted = [one for one in _ours(variables) if one.active and not one.default]
    missing = [one for one in wanted if one.name not in names]
    if names and missing:
        raise plugins.unavailable(missing, names, variables)


def tell_left_out(settings: Settings, emit: Emit) -> None:
    """Say which protocol the model is not served over: older wrappers took no notice of API_TYPE."""
    said = settings.find(API_TYPE)
    if said and said.value in LEFT_OUT:
        emit(
            decision("detect", f"{LEFT_OUT[said.value]} is left out: {API_TYPE}={said.value} ({said.origin})")
        )


def ports(variables: Mapping[str, str]) -> tuple[Port, ...]:
    """Return where the server of an image with ``variables`` listens; SettingInvalid for what is no port."""
    names = listed(variables.get(SLIMMED, ""))
    serving = [one for one in _ours(variables) if one.active and (not names or one.name in names)]
    return tuple(
        replace(port, number=port.number_by(variables)) for runtime in serving for port in runtime.ports
    )


def _ours(variables: Mapping[str, str]) -> tuple[Runtime, ...]:
    return plugins.available(plugins.ours(), variables)
