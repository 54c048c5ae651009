"""The services of Seldon's protocol: which of their methods is which of a component's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import grpc

# Takes and gives bytes: nothing is decoded before it reaches the model.
Handler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"

PACKAGE = "seldon.protos"
SERVICES: Mapping[str, tuple[str, ...]] = {
    "Generic": ("TransformInput", "TransformOutput", "Route", "Aggregate", "SendFeedback"),
    "Model": ("Predict", "SendFeedback", "Metadata"),
    "Router": ("Route", "SendFeedback"),
    "Transformer": ("TransformInput",),
    "OutputTransformer": ("TransformOutput",),
    "Combiner": ("Aggregate",),
    "Seldon": ("Predict", "SendFeedback", "ModelMetadata", "GraphMetadata"),
}
# By gRPC's name: the component's, and the message that it takes.
METHODS: Mapping[str, tuple[str, str]] = {
    "Predict": ("predict", "SeldonMessage"),
    "TransformInput": ("transform_input", "SeldonMessage"),
    "TransformOutput": ("transform_output", "SeldonMessage"),
    "Route": ("route", "SeldonMessage"),
    "Aggregate": ("aggregate", "SeldonMessageList"),
    "SendFeedback": ("send_feedback", "Feedback"),
}


@dataclass(frozen=True)
class Rpc:
    """A method of a service: its path, the component's method behind it, the name of its request."""

    path: str
    method: str
    message: str


def rpcs(methods: Collection[str]) -> Iterator[Rpc]:
    """Return what reaches those of the component's methods that may be reached."""
    for service, names in SERVICES.items():
        for name in names:
            if name in METHODS and METHODS[name][0] in methods:
                yield Rpc(f"/{PACKAGE}.{service}/{name}", *METHODS[name])


def services(methods: Collection[str]) -> tuple[str, ...]:
    """Return the full names of the services that are left of them, sorted."""
    left = {
        f"{PACKAGE}.{service}"
        for service, names in SERVICES.items()
        for name in names
        if name not in METHODS or METHODS[name][0] in methods
    }
    return tuple(sorted(left))
