"""What passes between fronts and component, free of any protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeAlias

Meta: TypeAlias = "Mapping[str, object] | None"


class Kind(Enum):
    """How a payload was written; an answer with numbers is written as its request was."""

    NDARRAY = "ndarray"
    TENSOR = "tensor"
    TFTENSOR = "tftensor"
    BINARY = "binData"
    TEXT = "strData"
    JSON = "jsonData"
    CUSTOM = "customData"
    # The document itself, as a raw method returned it: a dict or a protobuf message, written as it is.
    RAW = "raw"
    # The request's body itself, as passthrough hands it over and takes it back.
    BYTES = "bytes"
    # Hopsworks: any JSON value under inputs or instances, answered under predictions.
    INPUTS = "inputs"
    NOTHING = ""

    # By identity, not by the hash of the name: a kind is looked up once or twice per request.
    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Message:
    """A decoded request: the payload (an array, bytes, str or JSON value), its column names, its meta."""

    payload: object
    kind: Kind = Kind.NOTHING
    names: Sequence[str] = ()
    meta: Meta = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a client says of an earlier answer.

    ``features`` and ``truth`` are float64 arrays, empty where ``data`` was not how they were written;
    ``routing`` maps a router's id to the branch that it chose, as the earlier answer's meta has it.
    """

    features: Message
    truth: Message
    reward: float = 0.0
    routing: Mapping[str, object] = field(default_factory=dict)


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


class Request(Protocol):
    """One request, decoded no further than the component asks for.

    Every method raises PayloadInvalid where the request is not what is asked for.
    """

    # Whether it came as protobuf: what the deprecated predict_rest and predict_grpc are chosen by.
    is_protobuf: bool

    def message(self) -> Message:
        """Decode a SeldonMessage."""

    def messages(self) -> Sequence[Message]:
        """Decode a SeldonMessageList: what aggregate takes."""

    def feedback(self) -> Feedback:
        """Decode a Feedback."""

    def raw(self, wanted: type | None = None) -> object:
        """Return the document as its protocol has it (dict, list or protobuf message), not decoded.

        ``wanted`` is a class of protobuf messages that the model's annotation asks for: the document then
        comes as that, whatever the protocol.
        """
