"""What clients say of earlier answers: the send_feedback of a component."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..message import Answer, Feedback, Request
from .lookup import find
from .method import Arguments, Method, Raw, Raws, Steps, document_for
from .methods import Methods
from .response import unwrapped
from .signature import adapted_feedback


def send_feedback(methods: Methods) -> Method[Any]:
    """Return the method that takes feedback; where the author wrote none it counts rewards."""
    author = find(methods.user, "send_feedback")
    method = adapted_feedback(author) if author else None
    routing_id = methods.unit.routing_id

    def call(feedback: Feedback) -> Any:
        count(feedback.reward)
        if method is None:
            return None
        features, truth = feedback.features, feedback.truth
        routing = feedback.routing.get(routing_id)
        return method(features.payload, features.names, feedback.reward, truth.payload, routing)

    def answer(feedback: Feedback, returned: Any) -> Answer:
        message = feedback.features
        returned, runtime = unwrapped(returned)
        payload = np.array([]) if returned is None else returned
        return methods.answer_keeping("send_feedback", message, payload, runtime)

    def count(reward: float) -> None:
        if methods.unit.counts_rewards and reward:
            methods.recorder.reward(reward)

    def seen(arguments: Arguments, returned: Any) -> Any:
        count(_reward(arguments[0]))
        return methods.meta.raw("send_feedback", returned)

    steps: Steps[Feedback] = Steps(_feedback, call, answer, lambda _: None)
    return methods.made("send_feedback", steps, author, raws=_raws(methods.user), seen=seen)


def _feedback(request: Request) -> Feedback:
    return request.feedback()


def _raws(user: object) -> Raws:
    """Return the raw form: ``_raw`` and ``_grpc`` always get protobuf, the older ``_rest`` JSON as text."""
    rest, grpc, raw = (find(user, f"send_feedback_{ending}") for ending in ("rest", "grpc", "raw"))
    author = grpc or raw
    if rest:
        form = Raw(rest, lambda request: (_text(request.raw()),))
    elif author:
        form = Raw(author, document_for(author, _feedback_class()))
    else:
        return {}
    return {False: form, True: form}


def _text(document: Any) -> str:
    if not hasattr(document, "DESCRIPTOR"):
        return json.dumps(document)
    from google.protobuf import json_format

    return json_format.MessageToJson(document)


def _feedback_class() -> type | None:
    """Return the class that send_feedback_raw always gets, None where the image has no protobuf."""
    try:
        from ..proto.messages import known_class
    except ImportError:
        return None
    return known_class("Feedback")


def _reward(document: Any) -> float:
    if isinstance(document, str):
        document = json.loads(document)
    found = document.get("reward") if isinstance(document, dict) else getattr(document, "reward", 0.0)
    return found if isinstance(found, (int, float)) else 0.0
