"""What passes between fronts and component, free of any protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from .signature import Meta


class Kind(Enum):
    """How a payload was written; an answer with numbers is written as its request was."""

    NDARRAY = "ndarray"
    TENSOR = "tensor"
    BINARY = "binData"
    TEXT = "strData"
    JSON = "jsonData"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A decoded request: the payload (an array, bytes, str or JSON value), its column names, its meta."""

    payload: object
    kind: Kind = Kind.NOTHING
    names: Sequence[str] = ()
    meta: Meta = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model returned, not yet encoded.

    ``kind`` is the request's. ``names`` are the model's class names, None where it has none (the codec then
    numbers the columns). ``meta`` is what goes back beside the payload.
    """

    payload: object
    kind: Kind = Kind.NOTHING
    names: Sequence[object] | None = None
    meta: Mapping[str, object] = field(default_factory=dict)
