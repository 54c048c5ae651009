"""Requests as a front would hand them to a component, and what the component counted meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from seldon_runtime.component.component import Component
from seldon_runtime.component.unit import Unit
from seldon_runtime.message import Answer, Feedback, Kind, Message
from seldon_runtime.metrics.recorder import Recorder

UNIT = Unit()


@dataclass
class Asked:
    """A request that is decoded already."""

    said: Message = field(default_factory=lambda: Message(np.array([[1.0, 2.0]]), Kind.NDARRAY, ["a", "b"]))
    several: Sequence[Message] = ()
    judged: Feedback | None = None
    document: Any = None
    is_protobuf: bool = False
    wanted: type | None = None

    def message(self) -> Message:
        return self.said

    def messages(self) -> Sequence[Message]:
        return self.several

    def feedback(self) -> Feedback:
        assert self.judged
        return self.judged

    def raw(self, wanted: type | None = None) -> object:
        self.wanted = wanted
        return self.document


class Noted(Recorder):
    """Remembers what a component gave to be counted."""

    def __init__(self) -> None:
        self.metrics: list[tuple[str, dict[str, object]]] = []
        self.rewards: list[float] = []

    def custom(self, metrics: Any, method: str) -> None:
        self.metrics += [(method, dict(metric)) for metric in metrics]

    def reward(self, reward: float) -> None:
        self.rewards.append(reward)


def component_of(user: object, unit: Unit = UNIT, noted: Noted | None = None) -> Component:
    return Component(user, unit, noted or Noted())


def answered(user: object, method: str, asked: Asked | None = None, unit: Unit = UNIT) -> Answer:
    """Ask ``method`` of a component made of ``user``, as its front would."""
    found = component_of(user, unit).methods[method]
    asked = asked or Asked()
    return asyncio.run(found.later(asked)) if found.is_async else found.call(asked)


def with_meta(meta: Mapping[str, object] | None, payload: object = "text") -> Asked:
    return Asked(Message(payload, Kind.TEXT, [], meta))


def rows(answer: Answer) -> Any:
    return np.asarray(answer.payload).tolist()
