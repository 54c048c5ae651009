"""How each method of the contract is read, called and answered.

Source: seldon-core 1.17's ``seldon_methods``; what differs on purpose is in docs/compatibility.md.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..message import Answer, Message, Request
from ..metrics.recorder import Recorder
from ..request_errors import AnswerInvalid, PayloadInvalid
from .lookup import Author, attribute, find, is_async, optional
from .meta import MetaRules, merged
from .method import Method, Raws, Seen, Steps, implemented, raws_of
from .response import SeldonResponse, unwrapped
from .signature import adapted
from .unit import Unit

HEALTHY = "healthy"


class Methods:
    """Makes the methods of one component."""

    def __init__(self, user: object, unit: Unit, recorder: Recorder) -> None:
        self.user, self.unit, self.recorder = user, unit, recorder
        self.owner = type(user).__name__
        self.meta = MetaRules(user, unit, recorder)
        method = find(user, "class_names")
        self._class_names = optional(method) if method else None

    def made(
        self,
        name: str,
        steps: Steps[Any],
        author: Author | None,
        *,
        raws: Raws | None = None,
        seen: Seen | None = None,
    ) -> Method[Any]:
        """Join ``steps`` and what the author wrote of ``name`` in raw forms, all of them by default."""
        raws = raws_of(self.user, name) if raws is None else raws
        awaits = is_async(author) or any(is_async(form.call) for form in raws.values())
        record = seen or (lambda _, returned: self.meta.raw(name, returned))
        return Method(name, steps, raws, is_async=awaits, seen=record)

    def answer(self, name: str, payload: object, message: Message, returned: Any) -> Answer:
        """Say what the author returned, with the meta that belongs to it."""
        returned, runtime = unwrapped(returned)
        names = self._named(payload, returned)
        meta = self.meta.answered(name, payload, message.meta, runtime)
        return Answer(returned, message.kind, names, meta or {})

    def answer_keeping(self, name: str, message: Message, payload: object, runtime: object) -> Answer:
        """Say ``payload``; of the request's meta only the puid goes back."""
        names = self._named(message.payload, payload)
        meta = self.meta.kept(name, message.payload, message.meta, runtime)
        return Answer(payload, message.kind, names, meta or {})

    def _named(self, payload: object, returned: object) -> Sequence[object] | None:
        if not _has_columns(returned):
            return None
        # An attribute is read again for each answer: the model may learn its classes as it goes.
        given = attribute(self.user, "class_names")
        names = (self._class_names(payload) if self._class_names else None) if callable(given) else given
        return None if names is None else list(names.tolist() if hasattr(names, "tolist") else names)

    def plain(
        self, name: str, author: Author, otherwise: Callable[[Message], Any] | None = None
    ) -> Method[Any]:
        """Return a method that takes a message and answers one, with all of its meta."""
        method = adapted(author)

        def answer(message: Message, returned: Any) -> Answer:
            return self.answer(name, message.payload, message, returned)

        steps = Steps(
            lambda request: request.message(),
            lambda message: method(message.payload, message.names, message.meta),
            answer,
            otherwise,
        )
        return self.made(name, steps, author)


def predict(methods: Methods) -> Method[Any]:
    """Return the method that predicts."""
    return methods.plain("predict", implemented(methods.owner, "predict", find(methods.user, "predict")))


def transform_input(methods: Methods) -> Method[Any]:
    """Return what is done before a prediction: what the author wrote, a score's tag, or nothing."""
    author = find(methods.user, "transform_input") or _scored(find(methods.user, "score"))
    return methods.plain("transform_input", author, _payload)


def transform_output(methods: Methods) -> Method[Any]:
    """Return what is done after a prediction: what the author wrote, or nothing."""
    return methods.plain("transform_output", find(methods.user, "transform_output") or _unchanged, _payload)


def _unchanged(x: object, _names: Sequence[str]) -> object:
    return x


def _payload(message: Message) -> object:
    return message.payload


def _scored(score: Author | None) -> Author:
    """Return an outlier detector's transform_input: the data as it came, its score among the tags."""
    if score is None:
        return _unchanged
    scored = adapted(score)

    def tagged(x: object, found: Any) -> SeldonResponse:
        return SeldonResponse(x, {"outlierScore": found.tolist() if hasattr(found, "tolist") else found})

    async def later(x: object, names: Sequence[str], meta: Any) -> SeldonResponse:
        found: Any = scored(x, names, meta)
        return tagged(x, await found)

    def now(x: object, names: Sequence[str], meta: Any) -> SeldonResponse:
        return tagged(x, scored(x, names, meta))

    return later if is_async(score) else now


def route(methods: Methods) -> Method[Any]:
    """Return the method that chooses the branch on which a request goes on."""
    author = implemented(methods.owner, "route", find(methods.user, "route"))
    method = adapted(author)

    def answer(message: Message, returned: Any) -> Answer:
        returned, runtime = unwrapped(returned)
        return methods.answer_keeping("route", message, np.array([[_branch(returned)]]), runtime)

    steps = Steps(
        lambda request: request.message(),
        lambda message: method(message.payload, message.names, message.meta),
        answer,
    )
    return methods.made("route", steps, author)


def _branch(returned: Any) -> int:
    try:
        return int(operator.index(int(returned) if isinstance(returned, np.bool_) else returned))
    except TypeError as error:
        raise AnswerInvalid(
            f"route() must return an int, the branch, not {type(returned).__name__}"
        ) from error


def aggregate(methods: Methods) -> Method[Any]:
    """Return the method that makes one answer of several."""
    author = implemented(methods.owner, "aggregate", find(methods.user, "aggregate"))
    method = adapted(author)

    def call(messages: Sequence[Message]) -> Any:
        payloads = [message.payload for message in messages]
        # A list of lists stands where one message has its names.
        names: Any = [message.names for message in messages]
        return method(payloads, names, None)

    def answer(messages: Sequence[Message], returned: Any) -> Answer:
        first = messages[0]
        whole = Message(None, first.kind, first.names, merged([message.meta for message in messages]))
        return methods.answer("aggregate", [message.payload for message in messages], whole, returned)

    return methods.made("aggregate", Steps(_messages, call, answer), author)


def _messages(request: Request) -> Sequence[Message]:
    messages = request.messages()
    if not messages:
        raise PayloadInvalid("seldonMessages holds no message")
    return messages


def health_status(methods: Methods) -> Method[Any]:
    """Return the method that tells how the component is."""
    author = find(methods.user, "health_status")

    def call(_: object) -> Any:
        return author() if author else None

    def answer(_: object, returned: Any) -> Answer:
        said = HEALTHY if returned is None else returned
        return methods.answer("health_status", None, Message(None), said)

    steps: Steps[Any] = Steps(lambda _: None, call, answer, lambda _: None)
    raws = {
        is_protobuf: replace(form, arguments=_nothing)
        for is_protobuf, form in raws_of(methods.user, "health_status").items()
    }
    return methods.made("health_status", steps, author, raws=raws)


def _nothing(_: Request) -> tuple[object, ...]:
    return ()


def _has_columns(returned: object) -> bool:
    if isinstance(returned, list):
        first = returned[0] if returned else None
        return isinstance(first, (list, tuple)) or getattr(first, "ndim", 0) > 0
    return int(getattr(returned, "ndim", 0)) > 1
