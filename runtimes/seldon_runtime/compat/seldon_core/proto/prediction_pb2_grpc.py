"""Stubs, servicers and registration of Seldon's gRPC services, as generated code would have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from .in_default_pool import class_of
from .prediction_pb2 import DESCRIPTOR


def _stub(service: Any) -> type:
    def __init__(self: object, channel: grpc.Channel) -> None:  # noqa: N807 - it becomes one
        for method in service.methods:
            call = channel.unary_unary(
                f"/{service.full_name}/{method.name}",
                request_serializer=class_of(method.input_type).SerializeToString,
                response_deserializer=class_of(method.output_type).FromString,
            )
            setattr(self, method.name, call)

    return type(f"{service.name}Stub", (), {"__init__": __init__, "__doc__": f"Calls {service.full_name}."})


def _servicer(service: Any) -> type:
    def unimplemented(_self: object, _request: object, context: grpc.ServicerContext) -> None:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not implemented!")

    methods = {method.name: unimplemented for method in service.methods}
    return type(f"{service.name}Servicer", (), {**methods, "__doc__": f"Serves {service.full_name}."})


def _register(service: Any) -> Callable[[Any, grpc.Server], None]:
    def register(servicer: Any, server: grpc.Server) -> None:
        handlers = {
            method.name: grpc.unary_unary_rpc_method_handler(
                getattr(servicer, method.name),
                request_deserializer=class_of(method.input_type).FromString,
                response_serializer=class_of(method.output_type).SerializeToString,
            )
            for method in service.methods
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, handlers),))

    return register


for _service in DESCRIPTOR.services_by_name.values():
    globals()[f"{_service.name}Stub"] = _stub(_service)
    globals()[f"{_service.name}Servicer"] = _servicer(_service)
    globals()[f"add_{_service.name}Servicer_to_server"] = _register(_service)


def __getattr__(name: str) -> Any:
    # Type checkers read it too: what is made above is an attribute.
    raise AttributeError(f"Seldon's services know no {name}")
