"""The classes of Seldon's messages, from a pool of our own.

The default pool is left alone: an installed seldon-core or TensorFlow registers files of the same names
there, and any protobuf from 3.20 on refuses two that differ.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as Proto

from ..request_errors import PayloadInvalid
from .descriptors import FILES

Kind = TypeVar("Kind", bound=Proto)


def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for content in FILES.values():
        pool.AddSerializedFile(content)
    return pool


POOL = _pool()


def _class_maker() -> Callable[[Any], type[Proto]]:
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass
    # protobuf before 4.22
    maker: Callable[[Any], type[Proto]] = message_factory.MessageFactory(POOL).GetPrototype  # type: ignore[attr-defined]  # gone in newer versions
    return maker


_class_of = _class_maker()


@cache
def message_class(name: str) -> type[Proto]:
    """Return the class of a message by its full name, ``seldon.protos.Meta``; KeyError."""
    return _class_of(POOL.FindMessageTypeByName(name))


SELDON_MESSAGE = message_class("seldon.protos.SeldonMessage")
SELDON_MESSAGE_LIST = message_class("seldon.protos.SeldonMessageList")
FEEDBACK = message_class("seldon.protos.Feedback")
META = message_class("seldon.protos.Meta")
MODEL_METADATA = message_class("seldon.protos.SeldonModelMetadata")


def known_class(name: str) -> type[Proto]:
    """Return the class of ``seldon.protos.<name>`` that the model's code knows.

    Where it imported seldon-core's, messages of another pool would not go into its own.
    """
    imported = sys.modules.get("seldon_core.proto.prediction_pb2")
    return getattr(imported, name, None) or message_class(f"seldon.protos.{name}")


def parsed(kind: type[Kind], body: bytes) -> Kind:
    """Read ``body`` as a message; PayloadInvalid where it is none."""
    try:
        return kind.FromString(body)
    # The pure Python implementation lets more escape than it says.
    except (DecodeError, ValueError, RecursionError, IndexError) as error:
        raise PayloadInvalid(f"the request is no {kind.DESCRIPTOR.name}: {error}") from error


def as_class(message: Proto, wanted: type[Kind]) -> Kind:
    """Return ``message`` as the class ``wanted``, another pool's class of the same message."""
    if isinstance(message, wanted):
        return message
    found, name = message.DESCRIPTOR.full_name, wanted.DESCRIPTOR.full_name
    if found != name:
        raise PayloadInvalid(f"the request is a {found}, not the {name} that the model's method asks for")
    return parsed(wanted, message.SerializeToString())


def to_json(message: Proto) -> dict[str, Any]:
    """Return the JSON form of ``message``."""
    from google.protobuf import json_format

    return json_format.MessageToDict(message)


def from_json(kind: type[Kind], document: object) -> Kind:
    """Read the JSON form of a message; PayloadInvalid where it is none, unknown fields included."""
    from google.protobuf import json_format

    if not isinstance(document, Mapping):
        raise PayloadInvalid(f"a {kind.DESCRIPTOR.name} is a JSON object, not {type(document).__name__}")
    try:
        return json_format.ParseDict(document, kind())  # type: ignore[arg-type]  # it only reads
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise PayloadInvalid(f"the document is no {kind.DESCRIPTOR.name}: {error}") from error


def metrics_of(message: Proto) -> list[dict[str, Any]]:
    """Return the metrics of a SeldonMessage's meta as the component's own are written."""
    return metrics_in(message.meta)  # type: ignore[attr-defined]  # any class of a SeldonMessage


def metrics_in(meta: Any) -> list[dict[str, Any]]:
    """Return the metrics of a Meta."""
    return [
        {
            "key": metric.key,
            "type": _METRIC_TYPES.get(metric.type, str(metric.type)),
            "value": shortest(metric.value),
            "tags": dict(metric.tags),
        }
        for metric in meta.metrics
    ]


_METRIC_TYPES = {0: "COUNTER", 1: "GAUGE", 2: "TIMER"}


def shortest(single: float) -> float:
    """Return the shortest float that is ``single`` in single precision: 0.1, not 0.10000000149."""
    import numpy as np

    return float(str(np.float32(single)))
