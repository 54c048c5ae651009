"""Messages, dicts and arrays, each made of the others; protobuf is imported where it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from seldon_runtime.codec.json_codec import decode
from seldon_runtime.message import Kind
from seldon_runtime.request_errors import PayloadInvalid

from .flask_utils import SeldonMicroserviceException
from .responses import as_response, meta_of, request_path

_KEYS = {Kind.BINARY: "binData", Kind.TEXT: "strData", Kind.JSON: "jsonData"}


def get_request_path() -> dict[str, str]:
    """Return this component's entry of meta.requestPath."""
    return request_path()


def json_to_seldon_message(message_json: Any) -> Any:
    """Return the SeldonMessage of a dict."""
    return _parsed("SeldonMessage", message_json)


def json_to_seldon_messages(message_json: Any) -> Any:
    """Return the SeldonMessageList of a dict."""
    return _parsed("SeldonMessageList", message_json)


def json_to_feedback(message_json: Any) -> Any:
    """Return the Feedback of a dict."""
    return _parsed("Feedback", message_json)


def json_to_seldon_model_metadata(metadata_json: Any) -> Any:
    """Return the SeldonModelMetadata of a dict."""
    return _parsed("SeldonModelMetadata", metadata_json)


def seldon_message_to_json(message_proto: Any) -> dict[str, Any]:
    """Return the dict of a SeldonMessage."""
    return _document(message_proto)


def seldon_messages_to_json(message_protos: Any) -> dict[str, Any]:
    """Return the dict of a SeldonMessageList."""
    return _document(message_protos)


def feedback_to_json(message_proto: Any) -> dict[str, Any]:
    """Return the dict of a Feedback."""
    return _document(message_proto)


def _parsed(name: str, document: Any) -> Any:
    from google.protobuf import json_format

    from .proto import prediction_pb2

    try:
        return json_format.ParseDict({} if document is None else document, getattr(prediction_pb2, name)())
    except json_format.ParseError as error:
        raise SeldonMicroserviceException(f"Invalid JSON: {error}") from error


def _document(message: Any) -> dict[str, Any]:
    from google.protobuf import json_format

    found: dict[str, Any] = json_format.MessageToDict(message)
    return found


def get_meta_from_proto(request: Any) -> dict[str, Any]:
    """Return the meta of a SeldonMessage as a dict."""
    return _document(request.meta)


def get_data_from_proto(request: Any) -> Any:
    """Return the payload of a SeldonMessage: an array, bytes, str, JSON value, or an Any."""
    kind = request.WhichOneof("data_oneof")
    if kind == "data":
        return grpc_datadef_to_array(request.data)
    if kind == "jsonData":
        return _document(request.jsonData)
    if kind is None:
        raise SeldonMicroserviceException("Unknown data in SeldonMessage")
    return getattr(request, kind)


def grpc_datadef_to_array(datadef: Any) -> Any:
    """Return the array of a DefaultData; an empty one where it holds none."""
    kind = datadef.WhichOneof("data_oneof")
    if kind == "tensor":
        return np.array(datadef.tensor.values, float).reshape(tuple(datadef.tensor.shape))
    if kind == "ndarray":
        return np.array(_document(datadef.ndarray))
    return _tensorflow().make_ndarray(datadef.tftensor) if kind == "tftensor" else np.array([])


def _tensorflow() -> Any:
    try:
        return importlib.import_module("tensorflow")
    except ImportError as error:
        raise SeldonMicroserviceException("tftensor needs TensorFlow among the requirements") from error


def array_to_rest_datadef(data_type: str, array: Any, names: Iterable[str] | None = ()) -> dict[str, Any]:
    """Return the dict under ``data``: a tensor, a tftensor or an ndarray."""
    datadef: dict[str, Any] = {"names": list(names or ())}
    if data_type == "tensor":
        return {**datadef, "tensor": {"shape": array.shape, "values": array.ravel().tolist()}}
    if data_type == "tftensor":
        return {**datadef, "tftensor": _document(_tensorflow().make_tensor_proto(array))}
    return {**datadef, "ndarray": array.tolist()}


def array_to_grpc_datadef(data_type: str, array: Any, names: Iterable[str] | None = ()) -> Any:
    """Return a DefaultData: a tensor, a tftensor or an ndarray."""
    from .proto import prediction_pb2

    datadef = prediction_pb2.DefaultData(names=list(names or ()))
    if data_type == "tensor":
        datadef.tensor.shape.extend(array.shape)
        datadef.tensor.values.extend(array.ravel())
    elif data_type == "tftensor":
        datadef.tftensor.MergeFromString(_tensorflow().make_tensor_proto(array).SerializeToString())
    else:
        array_to_list_value(array, datadef.ndarray)
    return datadef


def array_to_list_value(array: Any, lv: Any = None) -> Any:
    """Write an array into a google.protobuf.ListValue, a new one by default."""
    from google.protobuf import json_format, struct_pb2

    return json_format.ParseDict(np.asarray(array).tolist(), struct_pb2.ListValue() if lv is None else lv)


def extract_request_parts(request: Any) -> tuple[Any, dict[str, Any], Any, str]:
    """Return payload, meta, DefaultData and kind (data, binData ...) of a SeldonMessage."""
    return (
        get_data_from_proto(request),
        get_meta_from_proto(request),
        request.data,
        request.WhichOneof("data_oneof"),
    )


def extract_request_parts_json(request: Any) -> tuple[Any, Mapping[str, object] | None, Any, str]:
    """Return payload, meta, what lies under ``data``, and kind (data, binData ...) of a message's dict."""
    try:
        message = decode(request)
    except PayloadInvalid as error:
        raise SeldonMicroserviceException(str(error)) from error
    return message.payload, message.meta, request.get("data"), _KEYS.get(message.kind, "data")


def extract_feedback_request_parts(request: Any) -> tuple[Any, Any, Any, float]:
    """Return DefaultData, features, truth and reward of a Feedback."""
    features = grpc_datadef_to_array(request.request.data)
    return request.request.data, features, grpc_datadef_to_array(request.truth.data), request.reward


def construct_response_json(
    user_model: object,
    is_request: bool,  # noqa: ARG001 - models pass it by position
    client_request_raw: Any,
    client_raw_response: Any,
    meta: Mapping[str, Any] | None = None,
    custom_metrics: Iterable[Mapping[str, object]] | None = None,
    runtime_tags: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Return the dict of an answer: ``client_raw_response`` is what a method returned."""
    request = client_request_raw if isinstance(client_request_raw, Mapping) else {}
    data, puid = request.get("data"), (request.get("meta") or {}).get("puid")
    asked = next((kind for kind in ("tensor", "ndarray", "tftensor") if kind in (data or ())), "tensor")
    key, payload, names = as_response(user_model, asked, client_raw_response)
    if key in ("tensor", "ndarray", "tftensor"):
        key, payload = "data", array_to_rest_datadef(key, payload, names)
    return {key: payload, "meta": meta_of(user_model, puid, meta, custom_metrics, runtime_tags)}


def construct_response(
    user_model: object,
    is_request: bool,  # noqa: ARG001 - models pass it by position
    client_request: Any,
    client_raw_response: Any,
    meta: Mapping[str, Any] | None = None,
    custom_metrics: Iterable[Mapping[str, object]] | None = None,
    runtime_tags: Mapping[str, object] | None = None,
) -> Any:
    """Return the SeldonMessage of an answer: ``client_raw_response`` is what a method returned."""
    from google.protobuf.any_pb2 import Any as AnyMessage

    puid = client_request.meta.puid or None
    message = _parsed(
        "SeldonMessage", {"meta": meta_of(user_model, puid, meta, custom_metrics, runtime_tags)}
    )
    if isinstance(client_raw_response, AnyMessage):
        message.customData.CopyFrom(client_raw_response)
        return message
    asked = client_request.data.WhichOneof("data_oneof") or "tensor"
    key, payload, names = as_response(user_model, asked, client_raw_response)
    if key in ("tensor", "ndarray", "tftensor"):
        message.data.CopyFrom(array_to_grpc_datadef(key, payload, names))
    elif key == "jsonData":
        message.MergeFrom(_parsed("SeldonMessage", {"jsonData": payload}))
    else:
        setattr(message, key, client_raw_response)
    return message
