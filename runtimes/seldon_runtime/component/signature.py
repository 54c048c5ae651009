"""How a model's method wants to be called, found out once when the server starts.

Older wrappers called ``predict(X, names, meta=meta)`` and, after any TypeError, again without meta: a
TypeError inside the model ran it twice.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from ..message import Meta

Call: TypeAlias = Callable[[object, Sequence[str], Meta], object]

NAMES = frozenset({"names", "feature_names", "features_names"})
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def adapted(method: Callable[..., object]) -> Call:
    """Return ``method`` as a function of (X, names, meta) that passes on what it takes."""
    try:
        parameters = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):  # a compiled method that does not tell
        return lambda x, names, _meta: method(x, names)
    positional, keywords = _roles(parameters)
    if keywords:
        return _by_keyword(method, positional, keywords)
    if positional == ["names", "meta"]:
        return method
    if positional == ["names"]:
        return lambda x, names, _meta: method(x, names)
    if positional == ["meta"]:
        return lambda x, _names, meta: method(x, meta)
    if positional == ["meta", "names"]:
        return lambda x, names, meta: method(x, meta, names)
    return lambda x, _names, _meta: method(x)


def _roles(parameters: Iterable[inspect.Parameter]) -> tuple[list[str], dict[str, str]]:
    """Return what goes by position after X, and what by keyword (parameter name -> role)."""
    positional: list[str] = []
    keywords: dict[str, str] = {}
    found = _after_first(parameters)
    named = any(parameter.name in NAMES for parameter in found)
    for index, parameter in enumerate(found):
        given = {*positional, *keywords.values()}
        role = _role(parameter, index == 0 and not named, given)
        if role in given or not role:
            continue
        by_position = parameter.kind in (*_POSITIONAL, inspect.Parameter.VAR_POSITIONAL)
        if by_position and len(positional) == index:
            positional.append(role)
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            keywords.update({name: name for name in ("names", "meta") if name not in given})
        else:
            keywords[parameter.name] = role
    return positional, keywords


def _after_first(parameters: Iterable[inspect.Parameter]) -> list[inspect.Parameter]:
    found = list(parameters)
    return found[1:] if found and found[0].kind in _POSITIONAL else found


def _role(parameter: inspect.Parameter, second: bool, given: set[str]) -> str:
    if parameter.name == "meta":
        return "meta"
    if parameter.name in NAMES:
        return "names"
    if parameter.kind is inspect.Parameter.VAR_KEYWORD:
        return "" if {"names", "meta"} <= given else "rest"
    if second and parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
        return "names"
    # A second extra argument under a name of the author's own: meta, unless it can do without.
    required = parameter.kind in _POSITIONAL and parameter.default is inspect.Parameter.empty
    return "meta" if required else ""


def _by_keyword(
    method: Callable[..., object], positional: Sequence[str], keywords: Mapping[str, str]
) -> Call:
    def call(x: object, names: Sequence[str], meta: Meta) -> object:
        values = {"names": names, "meta": meta}
        return method(
            x,
            *(values[role] for role in positional),
            **{name: values[role] for name, role in keywords.items()},
        )

    return call


def adapted_feedback(
    method: Callable[..., object],
) -> Callable[[object, Sequence[str], float, object, object], Any]:
    """Return ``send_feedback`` as a function of (features, names, reward, truth, routing).

    An older form knows no routing.
    """
    try:
        parameters = list(inspect.signature(method).parameters.values())
    except (TypeError, ValueError):  # a compiled method that does not tell
        parameters = []
    if any(
        parameter.name == "routing" or parameter.kind is inspect.Parameter.VAR_KEYWORD
        for parameter in parameters
    ):
        return lambda x, names, reward, truth, routing: method(x, names, reward, truth, routing=routing)
    if sum(parameter.kind in _POSITIONAL for parameter in parameters) > 4:
        return method
    return lambda x, names, reward, truth, _routing: method(x, names, reward, truth)
