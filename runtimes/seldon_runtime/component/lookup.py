"""Which methods the author wrote, and with how many arguments they want to be called."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

from ..request_errors import AnswerInvalid
from .authors_code import means_not_implemented
from .signature import signature_of

Author: typing.TypeAlias = Callable[..., Any]
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def find(user: object, name: str) -> Author | None:
    """Return the method ``name``, None where the author wrote none.

    What a class only inherits from seldon-core's base class is not written: it says so by raising.
    """
    method: Author | None = attribute(user, name)
    if not callable(method):
        return None
    if name in getattr(user, "__dict__", ()):
        return method
    owner = next((kind for kind in type(user).__mro__ if name in vars(kind)), None)
    return None if owner is not None and _is_base(owner) else method


def attribute(user: object, name: str) -> Any:
    """Return the attribute ``name``, None where there is none."""
    try:
        return getattr(user, name, None)
    except Exception:
        # An author's __getattr__ that looks into a dict raises KeyError for all that Python has no word for.
        if inspect.getattr_static(user, name, None) is not None:
            raise
        return None


def _is_base(owner: type) -> bool:
    package = owner.__module__.partition(".")[0]
    return owner.__name__ == "SeldonComponent" and package in ("seldon_core", "seldon_runtime")


def is_async(method: Author | None) -> bool:
    """Tell whether the method must be awaited."""
    return inspect.iscoroutinefunction(method)


def takes_input(method: Author) -> bool:
    """Tell whether ``tags``, ``metrics`` or ``class_names`` wants the request's payload."""
    signature = signature_of(method)
    first = next(iter(signature.parameters.values()), None) if signature else None
    return first is not None and first.kind in _POSITIONAL and first.default is first.empty


def protobuf_annotation(method: Author) -> type | None:
    """Return the protobuf class that the first parameter is annotated with, if it is."""
    signature = signature_of(method)
    first = next(iter(signature.parameters.values()), None) if signature else None
    if first is None or first.annotation is first.empty:
        return None
    # It alone: another annotation may name what the author imports for type checkers only.
    holder = SimpleNamespace(__annotations__={"first": first.annotation})
    names = getattr(inspect.unwrap(method), "__globals__", {})
    try:
        wanted = typing.get_type_hints(holder, names)["first"]
    except (TypeError, ValueError, NameError, AttributeError, SyntaxError):  # it names nothing
        return None
    return wanted if isinstance(wanted, type) and hasattr(wanted, "DESCRIPTOR") else None


def optional(method: Author) -> Author:
    """Return ``method`` as a function of the payload that gives None where it is not implemented."""
    wants_input, awaits = takes_input(method), is_async(method)

    def call(payload: object) -> Any:
        try:
            found = method(payload) if wants_input else method()
            return _driven(found, method.__name__) if awaits else found
        except Exception as error:
            if means_not_implemented(error):
                return None
            raise

    return call


def _driven(coroutine: Coroutine[object, None, Any], name: str) -> Any:
    """Return what ``coroutine`` returns without ever waiting: it belongs to the request being answered."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise AnswerInvalid(f"{name}() waits for something, which only methods that get a message may do")
