"""What a component says of itself, over gRPC."""

from __future__ import annotations

from collections.abc import Mapping

import grpc

from ..model import Model
from ..proto.messages import MODEL_METADATA, from_json
from ..request_errors import MetadataInvalid, MethodMissing, PayloadInvalid
from .services import PACKAGE, Handler
from .status import told


def metadata_handlers(model: Model) -> Mapping[str, Handler]:
    """Return the handlers by path."""

    def metadata(_: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            return _written(model)
        except Exception as error:  # noqa: BLE001 - the client is told, and what is a bug is logged
            context.abort(*told(error))

    def graph_metadata(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(*told(MethodMissing("a model knows nothing of its graph: ask the orchestrator")))

    known: Handler = grpc.unary_unary_rpc_method_handler(metadata)
    return {
        f"/{PACKAGE}.Model/Metadata": known,
        f"/{PACKAGE}.Seldon/ModelMetadata": known,
        f"/{PACKAGE}.Seldon/GraphMetadata": grpc.unary_unary_rpc_method_handler(graph_metadata),
    }


def _written(model: Model) -> bytes:
    try:
        return from_json(MODEL_METADATA, model.component.metadata.document).SerializeToString()
    except PayloadInvalid as error:
        raise MetadataInvalid(str(error)) from error
