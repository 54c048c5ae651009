"""How each method of the contract is read, called and answered.

Source: seldon-core 1.17's ``seldon_methods``; what differs on purpose is in docs/compatibility.md.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..message import Answer, Feedback, Message, Request
from ..metrics.recorder import Recorder
from ..request_errors import AnswerInvalid, PayloadInvalid
from .lookup import Author, find, is_async, optional
from .meta import MetaRules, merged
from .method import Method, Raws, Steps, implemented, raws_of
from .response import SeldonResponse, unwrapped
from .signature import adapted, adapted_feedback
from .unit import Unit

HEALTHY = "healthy"


class Methods:
    """Makes the methods of one component."""

    def __init__(self, user: object, unit: Unit, recorder: Recorder) -> None:
        self.user, self._unit, self._recorder = user, unit, recorder
        self.owner = type(user).__name__
        self._meta = MetaRules(user, unit, recorder)
        names = getattr(user, "class_names", None)
        method = find(user, "class_names")
        self._class_names: Callable[[object], Any] | None = None
        if method or (names is not None and not callable(names)):
            self._class_names = optional(method) if method else lambda _: names

    def all(self) -> Mapping[str, Method[Any]]:
        """Return every method of the contract by name, those that the author did not write too."""
        methods: Sequence[Method[Any]] = (
            self._plain("predict", implemented(self.owner, "predict", find(self.user, "predict"))),
            self._plain("transform_input", find(self.user, "transform_input") or self._scored()),
            self._plain("transform_output", find(self.user, "transform_output") or _unchanged),
            self._route(),
            self._aggregate(),
            self._send_feedback(),
            self._health_status(),
        )
        return {method.name: method for method in methods}

    def made(
        self, name: str, steps: Steps[Any], author: Author | None, *, raws: Raws | None = None
    ) -> Method[Any]:
        """Join ``steps`` and what the author wrote of ``name`` in raw forms, all of them by default."""
        raws = raws_of(self.user, name) if raws is None else raws
        awaits = is_async(author) or any(is_async(form.call) for form in raws.values())
        return Method(name, steps, raws, is_async=awaits, record=lambda document: self._raw(name, document))

    def _raw(self, name: str, document: object) -> None:
        if isinstance(document, Mapping) and isinstance(meta := document.get("meta"), Mapping):
            self._meta.record_raw(name, meta.get("metrics"))
        elif hasattr(document, "DESCRIPTOR") and hasattr(document, "meta"):
            from ..proto.messages import metrics_of

            self._meta.record_raw(name, metrics_of(document))

    def _plain(self, name: str, author: Author) -> Method[Any]:
        method = adapted(author)

        def answer(message: Message, returned: Any) -> Answer:
            return self.answer(name, message.payload, message, returned)

        steps = Steps(_message, lambda message: method(message.payload, message.names, message.meta), answer)
        return self.made(name, steps, author)

    def _scored(self) -> Author:
        """Return what serves transform_input: an outlier detector's score, else nothing changes."""
        score = find(self.user, "score")
        if score is None:
            return _unchanged
        scored = adapted(score)

        def transform_input(x: object, names: Sequence[str]) -> object:
            found = scored(x, names, None)
            found = found.item() if hasattr(found, "item") else found
            return SeldonResponse(x, {"outlierScore": found})

        return transform_input

    def answer(self, name: str, payload: object, message: Message, returned: Any) -> Answer:
        """Say what the author returned, with the meta that belongs to it."""
        returned, runtime = unwrapped(returned)
        meta = self._meta.answered(name, payload, message.meta, runtime)
        return Answer(returned, message.kind, self._named(payload, returned), meta or {})

    def _named(self, payload: object, returned: object) -> Sequence[object] | None:
        if self._class_names is None or not _has_columns(returned):
            return None
        names = self._class_names(payload)
        return None if names is None else list(names.tolist() if hasattr(names, "tolist") else names)

    def _route(self) -> Method[Any]:
        author = implemented(self.owner, "route", find(self.user, "route"))
        method = adapted(author)

        def answer(message: Message, returned: Any) -> Answer:
            returned, runtime = unwrapped(returned)
            meta = self._meta.kept("route", message.payload, message.meta, runtime)
            return Answer(np.array([[_branch(returned)]]), message.kind, None, meta or {})

        steps = Steps(_message, lambda message: method(message.payload, message.names, message.meta), answer)
        return self.made("route", steps, author)

    def _aggregate(self) -> Method[Any]:
        author = implemented(self.owner, "aggregate", find(self.user, "aggregate"))
        method = adapted(author)

        def call(messages: Sequence[Message]) -> Any:
            payloads = [message.payload for message in messages]
            # A list of lists stands where one message has its names.
            names: Any = [message.names for message in messages]
            return method(payloads, names, None)

        def answer(messages: Sequence[Message], returned: Any) -> Answer:
            first = messages[0]
            whole = Message(None, first.kind, first.names, merged([message.meta for message in messages]))
            return self.answer("aggregate", [message.payload for message in messages], whole, returned)

        return self.made("aggregate", Steps(_messages, call, answer), author)

    def _send_feedback(self) -> Method[Any]:
        author = find(self.user, "send_feedback")
        method = adapted_feedback(author) if author else None
        routing_id = self._unit.routing_id

        def call(feedback: Feedback) -> Any:
            if self._unit.counts_rewards and feedback.reward:
                self._recorder.reward(feedback.reward)
            if method is None:
                return None
            features, truth = feedback.features, feedback.truth
            routing = feedback.routing.get(routing_id)
            return method(features.payload, features.names, feedback.reward, truth.payload, routing)

        def answer(feedback: Feedback, returned: Any) -> Answer:
            message = feedback.features
            returned, runtime = unwrapped(returned)
            meta = self._meta.kept("send_feedback", message.payload, message.meta, runtime)
            payload = np.array([]) if returned is None else returned
            return Answer(payload, message.kind, self._named(message.payload, payload), meta or {})

        steps = Steps(lambda request: request.feedback(), call, answer)
        return self.made(
            "send_feedback", steps, author, raws=raws_of(self.user, "send_feedback", _feedback_class())
        )

    def _health_status(self) -> Method[Any]:
        author = find(self.user, "health_status")
        ask = author if is_async(author) else optional(author) if author else None

        def call(_: object) -> Any:
            if ask is None:
                return HEALTHY
            found = ask() if ask is author else ask(None)
            return HEALTHY if found is None else found

        def answer(_: object, returned: Any) -> Answer:
            return self.answer("health_status", None, Message(None), returned)

        steps: Steps[Any] = Steps(lambda _: None, call, answer)
        raws = raws_of(self.user, "health_status", document=False)
        return self.made("health_status", steps, author, raws=raws)


def _unchanged(x: object, _names: Sequence[str]) -> object:
    return x


def _message(request: Request) -> Message:
    return request.message()


def _messages(request: Request) -> Sequence[Message]:
    messages = request.messages()
    if not messages:
        raise PayloadInvalid("seldonMessages holds no message")
    return messages


def _branch(returned: object) -> int:
    try:
        return operator.index(returned)  # type: ignore[arg-type]  # that is what it finds out
    except TypeError as error:
        raise AnswerInvalid(
            f"route() must return an int, the branch, not {type(returned).__name__}"
        ) from error


def _has_columns(returned: object) -> bool:
    if isinstance(returned, list):
        return bool(returned) and (isinstance(returned[0], list) or getattr(returned[0], "ndim", 0) > 0)
    return int(getattr(returned, "ndim", 0)) > 1


def _feedback_class() -> type | None:
    """Return the class that send_feedback_raw always gets, None where the image has no protobuf."""
    try:
        from ..proto.messages import FEEDBACK
    except ImportError:
        return None
    return FEEDBACK
