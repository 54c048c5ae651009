"""The JSON that goes in and out, as OpenAPI describes it."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Schema, **more: Any) -> Schema:
    return {"type": "object", "properties": properties, **more}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


TEXT: Schema = {"type": "string"}
ANYTHING: Schema = {}
SHAPE = _list({"type": "integer"})
STATUS = _object(
    {"code": {"type": "integer"}, "info": TEXT, "reason": TEXT, "status": ANYTHING},
    description="What went wrong: info for people, reason for programs.",
)
SCHEMAS: Schema = {
    "Anything": ANYTHING,
    "Error": _object({"status": STATUS}, required=["status"]),
    "SeldonMessage": _object(
        {
            "meta": _ref("Meta"),
            "data": _ref("Data"),
            "jsonData": ANYTHING,
            "strData": TEXT,
            "binData": {"type": "string", "format": "byte"},
            "customData": {"type": "object", "description": "A google.protobuf.Any, with @type."},
        },
        description="One payload: the first of data, jsonData, strData, binData and customData counts.",
    ),
    "Data": _object(
        {
            "names": _list(TEXT),
            "tensor": _object({"shape": SHAPE, "values": _list(ANYTHING)}, required=["shape", "values"]),
            "ndarray": ANYTHING,
            "tftensor": {"type": "object", "description": "A tensorflow.TensorProto."},
        }
    ),
    "Meta": _object(
        {
            "puid": ANYTHING,
            "tags": {"type": "object"},
            "routing": {"type": "object", "additionalProperties": {"type": "integer"}},
            "requestPath": {"type": "object"},
            "metrics": _list(ANYTHING),
        },
        nullable=True,
    ),
    "SeldonMessageList": {
        "oneOf": [
            _object({"seldonMessages": _list(_ref("SeldonMessage"))}, required=["seldonMessages"]),
            _list(_ref("SeldonMessage")),
        ]
    },
    "Feedback": _object(
        {
            "request": _ref("SeldonMessage"),
            "response": _ref("SeldonMessage"),
            "reward": {"type": "number"},
            "truth": _ref("SeldonMessage"),
        },
        additionalProperties=False,
    ),
    "Inputs": _object(
        {"inputs": ANYTHING, "instances": ANYTHING}, description="Either of them, as Hopsworks takes it."
    ),
    "Predictions": _object({"predictions": ANYTHING}, required=["predictions"]),
    "PredictRequest": {"anyOf": [_ref("SeldonMessage"), _ref("Inputs")]},
    "PredictAnswer": {"anyOf": [_ref("SeldonMessage"), _ref("Predictions")]},
    "Model": _object({"name": TEXT, "ready": {"type": "boolean"}}, required=["name", "ready"]),
    "Metadata": _object(
        {
            "name": TEXT,
            "versions": _list(TEXT),
            "platform": TEXT,
            "inputs": _list({"type": "object"}),
            "outputs": _list({"type": "object"}),
            "custom": {"type": "object", "additionalProperties": TEXT},
        }
    ),
}
