"""Which methods the author wrote, and with how many arguments they want to be called."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

from .authors_code import means_not_implemented

Author: typing.TypeAlias = Callable[..., Any]


def find(user: object, name: str) -> Author | None:
    """Return the method ``name``, None where the author wrote none.

    What a class only inherits from seldon-core's base class is not written: it says so by raising.
    """
    method = getattr(user, name, None)
    if not callable(method):
        return None
    owner = next((kind for kind in type(user).__mro__ if name in vars(kind)), None)
    if owner is not None and owner.__name__ == "SeldonComponent" and _is_seldons(owner):
        return None
    return method  # type: ignore[no-any-return]  # whatever is callable


def _is_seldons(owner: type) -> bool:
    return owner.__module__.partition(".")[0] in ("seldon_core", "seldon_runtime")


def is_async(method: Author | None) -> bool:
    """Tell whether the method must be awaited."""
    return inspect.iscoroutinefunction(method)


def takes_input(method: Author) -> bool:
    """Tell whether ``tags``, ``metrics`` or ``class_names`` wants the request's payload."""
    try:
        parameters = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):  # a compiled method that does not tell
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    first = next(iter(parameters), None)
    return first is not None and first.kind in positional and first.default is first.empty


def protobuf_annotation(method: Author) -> type | None:
    """Return the protobuf class that the first parameter is annotated with, if it is."""
    try:
        annotations = typing.get_type_hints(method)
        first = next(iter(inspect.signature(method).parameters), "")
    except (TypeError, ValueError, NameError, AttributeError):  # an annotation that names nothing
        return None
    wanted = annotations.get(first)
    return wanted if isinstance(wanted, type) and hasattr(wanted, "DESCRIPTOR") else None


def optional(method: Author) -> Author:
    """Return ``method`` as a function of the payload that gives None where it is not implemented."""
    wants_input = takes_input(method)

    def call(payload: object) -> Any:
        try:
            return method(payload) if wants_input else method()
        except Exception as error:
            if means_not_implemented(error):
                return None
            raise

    return call
