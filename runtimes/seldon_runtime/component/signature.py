"""How a model's method wants to be called, found out once when the server starts.

Older wrappers called ``predict(X, names, meta=meta)`` and, after any TypeError, again without meta: a
TypeError inside the model ran it twice.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CellType, MethodType
from typing import Any, TypeAlias

from ..message import Meta

Call: TypeAlias = Callable[[object, Sequence[str], Meta], object]

NAMES = frozenset({"names", "feature_names", "features_names"})
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def signature_of(method: Callable[..., object]) -> inspect.Signature | None:
    """Return how ``method`` wants to be called, None where a compiled one does not tell.

    A decorator without functools.wraps hides it behind ``*args, **kwargs``: what it decorates tells.
    """
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):
        return None
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    if kinds != [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]:
        return signature
    inner = _decorated(method)
    return signature_of(inner) if inner else signature


def _decorated(method: Callable[..., object]) -> Callable[..., object] | None:
    """Return the one function in the closure of ``method``, bound as that is."""
    function = getattr(method, "__func__", method)
    held = map(_held, getattr(function, "__closure__", None) or ())
    found = [inner for inner in held if inspect.isfunction(inner) and inner.__name__ != "<lambda>"]
    if len(found) != 1 or found[0] is function:
        return None
    owner = getattr(method, "__self__", None)
    return found[0] if owner is None else MethodType(found[0], owner)


def _held(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return None


def adapted(method: Callable[..., object]) -> Call:
    """Return ``method`` as a function of (X, names, meta) that passes on what it takes."""
    signature = signature_of(method)
    if signature is None:
        return lambda x, names, _meta: method(x, names)
    positional, keywords = _roles(signature.parameters.values())
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

    Older forms know no routing, or have it before the reward.
    """
    signature = signature_of(method)
    parameters = list(signature.parameters.values()) if signature else []
    named = {item.name for item in parameters if item.kind is not inspect.Parameter.POSITIONAL_ONLY}
    routed = "routing" in named or any(item.kind is inspect.Parameter.VAR_KEYWORD for item in parameters)
    if {"reward", "truth"} <= named:
        if routed:
            return lambda x, names, reward, truth, routing: method(
                x, names, reward=reward, truth=truth, routing=routing
            )
        return lambda x, names, reward, truth, _routing: method(x, names, reward=reward, truth=truth)
    if routed:
        return lambda x, names, reward, truth, routing: method(x, names, reward, truth, routing=routing)
    if sum(item.kind in _POSITIONAL for item in parameters) > 4:
        return method
    return lambda x, names, reward, truth, _routing: method(x, names, reward, truth)
