"""Classes written for Hopsworks: Predict or Predictor, and Transformer.

Source: the script contract of Hopsworks model serving (docs/hopsworks.md).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from ..codec.arrays import array_of
from ..message import Answer, Kind, Message, Request
from ..request_errors import PayloadInvalid
from .lookup import Author, find
from .method import Method, Steps, implemented
from .methods import Methods
from .response import unwrapped
from .signature import adapted
from .unit import Unit

VERBS = ("predict", "classify", "regress")
PREDICTORS = frozenset({"Predict", "Predictor"})
KEYS = ("instances", "inputs")
ANSWER_KEYS = ("predictions", "outputs")


def hopsworks_methods(methods: Methods) -> Mapping[str, Method[Any]]:
    """Return what serves bodies with inputs or instances: predict always, the other verbs where written."""
    user = methods.user
    found = {verb: find(user, verb) for verb in VERBS}
    transformer = getattr(user, "transformer", None)
    takes_json = wants_json(type(user))
    return {
        verb: _verb(methods, verb, implemented(methods.owner, verb, author), takes_json, transformer)
        for verb, author in found.items()
        if author or verb == "predict"
    }


def wants_json(kind: type) -> bool:
    """Tell whether the author expects JSON values, as Hopsworks gives them, and not arrays."""
    return kind.__name__ in PREDICTORS or any(callable(getattr(kind, verb, None)) for verb in VERBS[1:])


def _verb(methods: Methods, verb: str, author: Author, takes_json: bool, transformer: object) -> Method[Any]:
    method = adapted(author)
    before, after = _transforms(transformer)

    def call(message: Message) -> Any:
        value = _value(before(message.payload), KEYS)
        return method(value if takes_json else array_of(value), message.names, message.meta)

    def answer(_: Message, returned: Any) -> Answer:
        returned, _ = unwrapped(returned)
        if hasattr(returned, "tolist"):
            returned = returned.tolist()
        return Answer(_value(after({ANSWER_KEYS[0]: returned}), ANSWER_KEYS), Kind.INPUTS)

    return methods.made(verb, Steps(_inputs, call, answer), author, raws={})


def _inputs(request: Request) -> Message:
    message = request.message()
    if message.kind is not Kind.INPUTS:
        raise PayloadInvalid("the body must hold inputs or instances")
    return message


def _transforms(transformer: object) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    before, after = (find(transformer, name) for name in ("preprocess", "postprocess"))
    return before or _same, after or _same


def _same(document: Any) -> Any:
    return document


def _value(document: object, keys: tuple[str, ...]) -> Any:
    """Return what ``document`` holds under the first of ``keys`` that it has; a bare value is itself."""
    if isinstance(document, Mapping):
        return next((document[key] for key in keys if key in document), document)
    return document


def arguments_of(factory: Callable[..., object], unit: Unit) -> dict[str, object]:
    """Return those of project, deployment, model and async_logger that a constructor requires.

    They say where the script runs, in the attributes of which Hopsworks' own objects have more.
    """
    say = unit.variables.get
    known = {
        "project": SimpleNamespace(name=say("HOPSWORKS_PROJECT_NAME"), id=say("HOPSWORKS_PROJECT_ID")),
        "deployment": SimpleNamespace(name=unit.name, version=say("DEPLOYMENT_VERSION")),
        "model": SimpleNamespace(name=say("MODEL_NAME"), version=say("MODEL_VERSION")),
        "async_logger": None,
    }
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):  # a compiled constructor that does not tell
        return {}
    wanted = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
    return {name: known[name] for name in wanted if name in known}
