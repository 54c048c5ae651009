"""Classes written for Hopsworks: Predict or Predictor, and Transformer.

Source: the script contract of Hopsworks model serving (docs/hopsworks.md).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, TypeAlias

from ..codec.arrays import array_of
from ..message import Answer, Kind, Message, Request
from ..request_errors import MethodMissing, PayloadInvalid
from .hopsworks_script import TRANSFORMER, VERBS, is_predictor
from .lookup import Author, find, is_async
from .method import Method, Steps, implemented
from .methods import Methods
from .response import unwrapped
from .signature import NAMES, adapted, signature_of

KEYS = ("instances", "inputs")
ANSWER_KEYS = ("predictions", "outputs")
Document: TypeAlias = "Mapping[str, Any]"


def hopsworks_methods(methods: Methods, transformer: object = None) -> Mapping[str, Method[Any]]:
    """Return what serves bodies with inputs or instances: predict always, the other verbs where written.

    A ``transformer`` is given the body before, and what goes back after.
    """
    found = {verb: find(methods.user, verb) for verb in VERBS}
    if _only_transforms(methods.user):
        found["predict"] = _refused
    return {
        verb: _verb(methods, verb, implemented(methods.owner, verb, author), transformer)
        for verb, author in found.items()
        if author or verb == "predict"
    }


def wants_json(user: object) -> bool:
    """Tell whether the author expects JSON values, as Hopsworks gives them, and not arrays.

    A class of the same name whose predict() takes names or meta was written for Seldon.
    """
    predict = find(user, "predict")
    signature = signature_of(predict) if predict else None
    return is_predictor(type(user)) and not (signature and {*NAMES, "meta"} & signature.parameters.keys())


def _verb(methods: Methods, verb: str, author: Author, transformer: object) -> Method[Any]:
    method, read = adapted(author), _value if wants_json(methods.user) else _array
    before, after = (find(transformer, name) or _same for name in ("preprocess", "postprocess"))

    def finished(document: object, returned: Any) -> Document:
        payload, runtime = unwrapped(returned)
        # Its tags have no place in the answer; its metrics are counted.
        methods.meta.answered("predict", document, None, runtime)
        return {ANSWER_KEYS[0]: _plain(payload)}

    def now(document: Document) -> Any:
        ready = before(document)
        return after(finished(ready, method(read(ready, KEYS), [], None)))

    async def later(document: Document) -> Any:
        ready = await _awaited(before(document))
        return await _awaited(after(finished(ready, await _awaited(method(read(ready, KEYS), [], None)))))

    def answer(_: Document, returned: Any) -> Answer:
        return Answer(_plain(_value(returned, ANSWER_KEYS)), Kind.INPUTS)

    call = later if any(map(is_async, (before, author, after))) else now
    return methods.made(verb, Steps(_inputs, call, answer), call, raws={})


def _inputs(request: Request) -> Document:
    document = request.raw()
    if not _holds(document, KEYS):
        raise PayloadInvalid("the body must be a JSON object with inputs or instances")
    return document  # type: ignore[return-value]  # looked at in the line before


def _refused(*_: object) -> object:
    raise MethodMissing(
        f"{TRANSFORMER} does not define predict(); it transforms, at /transform-input and /transform-output"
    )


def transforms(methods: Methods) -> Mapping[str, Method[Any]]:
    """Return what serves the transforms of a Transformer that is served alone, nothing for other classes."""
    if not _only_transforms(methods.user):
        return {}
    found = {
        "transform_input": (find(methods.user, "preprocess"), KEYS),
        "transform_output": (find(methods.user, "postprocess"), ANSWER_KEYS),
    }
    return {name: _transform(methods, name, author, keys) for name, (author, keys) in found.items() if author}


def _transform(methods: Methods, name: str, author: Author, keys: tuple[str, ...]) -> Method[Any]:
    def read(request: Request) -> Document | Message:
        document = request.raw()
        return document if _holds(document, keys) else request.message()  # type: ignore[return-value]

    def call(given: Document | Message) -> Any:
        return author({keys[0]: _plain(given.payload)} if isinstance(given, Message) else given)

    def answer(given: Document | Message, returned: Any) -> Answer:
        if isinstance(given, Message):
            return methods.answer(name, given.payload, given, _value(returned, keys))
        return Answer(returned if isinstance(returned, Mapping) else {keys[0]: _plain(returned)}, Kind.RAW)

    return methods.made(name, Steps(read, call, answer), author, raws={})


def _only_transforms(user: object) -> bool:
    return type(user).__name__ == TRANSFORMER and not find(user, "predict")


def _holds(document: object, keys: tuple[str, ...]) -> bool:
    return isinstance(document, Mapping) and any(key in document for key in keys)


def _same(document: Any) -> Any:
    return document


def _value(document: object, keys: tuple[str, ...]) -> Any:
    """Return what ``document`` holds under the first of ``keys`` that it has; a bare value is itself."""
    if isinstance(document, Mapping):
        return next((document[key] for key in keys if key in document), document)
    return document


def _array(document: object, keys: tuple[str, ...]) -> Any:
    """Return rows as the array that a class written for Seldon expects; what are no rows stays JSON."""
    value = _value(document, keys)
    return array_of(value) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


async def _awaited(returned: Any) -> Any:
    return await returned if inspect.isawaitable(returned) else returned
