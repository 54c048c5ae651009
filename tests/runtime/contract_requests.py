"""Requests of every kind, method and meta, for tests/models/contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

PATHS = {
    "predict": "/predict",
    "transform_input": "/transform-input",
    "transform_output": "/transform-output",
    "route": "/route",
    "aggregate": "/aggregate",
    "send_feedback": "/send-feedback",
}
CALLS = {
    "predict": "Model.Predict",
    "transform_input": "Generic.TransformInput",
    "transform_output": "Generic.TransformOutput",
    "route": "Generic.Route",
    "aggregate": "Generic.Aggregate",
    "send_feedback": "Generic.SendFeedback",
}
ONE_MESSAGE = ("predict", "transform_input", "transform_output", "route")
NDARRAY = {"data": {"names": ["a", "b"], "ndarray": [[1.5, 2], [3, 4]]}}
TENSOR = {"data": {"names": ["a", "b"], "tensor": {"shape": [1, 2], "values": [1.5, 2.5]}}}
TEXT = {"strData": "text ü"}
TFTENSOR = {"dtype": "DT_DOUBLE", "tensorShape": {"dim": [{"size": "1"}, {"size": "2"}]}, "doubleVal": [1, 2]}
PAYLOADS: Mapping[str, Any] = {
    "ndarray": NDARRAY,
    "tensor": TENSOR,
    "tensor of ints": {"data": {"tensor": {"shape": [2, 1], "values": [1, 2]}}},
    "tftensor": {"data": {"tftensor": TFTENSOR}},
    "empty tensor": {"data": {"tensor": {"shape": [0], "values": []}}},
    "tensor that does not fill": {"data": {"tensor": {"shape": [2, 2], "values": [1]}}},
    "tensor without shape": {"data": {"tensor": {"values": [1]}}},
    "ndarray of ints": {"data": {"ndarray": [[1, 2], [3, 4]]}},
    "ndarray of one dimension": {"data": {"ndarray": [1, 2, 3]}},
    "ndarray of three": {"data": {"ndarray": [[[1, 2]], [[3, 4]]]}},
    "ndarray of texts": {"data": {"ndarray": [["a", "ü"]]}},
    "ndarray of bools": {"data": {"ndarray": [[True, False]]}},
    "ndarray of mixed": {"data": {"ndarray": [[1, "a"]]}},
    "ndarray with null": {"data": {"ndarray": [[1, None]]}},
    "ndarray of objects": {"data": {"ndarray": [{"a": 1}]}},
    "empty ndarray": {"data": {"ndarray": []}},
    "ndarray of nothing": {"data": {"ndarray": [[]]}},
    "ragged ndarray": {"data": {"ndarray": [[1], [2, 3]]}},
    "ndarray scalar": {"data": {"ndarray": 5}},
    "empty data": {"data": {}},
    "data null": {"data": None},
    "data a list": {"data": [1]},
    "strData": TEXT,
    "empty strData": {"strData": ""},
    "strData a number": {"strData": 5},
    "binData": {"binData": "AP8="},
    "empty binData": {"binData": ""},
    "binData no base64": {"binData": "!!"},
    "jsonData object": {"jsonData": {"b": 1, "a": [1.5, None, True]}},
    "jsonData list": {"jsonData": [1, 2]},
    "jsonData text": {"jsonData": "x"},
    "jsonData number": {"jsonData": 2.5},
    "jsonData null": {"jsonData": None},
    "nothing": {},
    "unknown key": {"other": 1},
    "more than one": {"strData": "x", "data": {"ndarray": [1]}},
    "with an unknown key": {"data": {"ndarray": [1]}, "other": 1},
    "a list": [1],
    "a text": "x",
}
METAS: Mapping[str, Any] = {
    "empty": {},
    "null": None,
    "puid": {"puid": "p1"},
    "empty puid": {"puid": ""},
    "tags": {"tags": {"a": 1, "b": "x", "c": [1, {"d": None}], "e": True, "f": 1.5}},
    "path": {"requestPath": {"upstream": "image:1"}},
    "metrics": {"metrics": [{"key": "up", "type": "COUNTER", "value": 1.0}]},
    "routing": {"routing": {"unit": 1}},
    "unknown": {"other": 1},
    "everything": {
        "puid": "p2",
        "tags": {"shared": "request", "extras": True},
        "requestPath": {"upstream": "image:1"},
        "routing": {"unit": 2},
        "metrics": [{"key": "up", "type": "GAUGE", "value": 0.5}],
    },
}


@dataclass(frozen=True)
class Question:
    """One request: a method of the contract, and the document that goes there."""

    name: str
    method: str
    document: Any


# The same methods under the other services that have them, and what is asked of nothing.
SERVICES: Mapping[str, Any] = {
    "Seldon.Predict": NDARRAY,
    "Seldon.SendFeedback": {"request": NDARRAY, "reward": 1},
    "Seldon.ModelMetadata": {"name": "x"},
    "Seldon.GraphMetadata": {},
    "Model.SendFeedback": {"request": NDARRAY},
    "Model.Metadata": {},
    "Router.Route": NDARRAY,
    "Router.SendFeedback": {"request": NDARRAY},
    "Transformer.TransformInput": NDARRAY,
    "OutputTransformer.TransformOutput": NDARRAY,
    "Combiner.Aggregate": {"seldonMessages": [NDARRAY]},
}
# What is there to GET, and what is not.
PLACES = (
    *("/health/ping", "/health/status", "/api/v1.0/health/status", "/metadata", "/api/v1.0/metadata"),
    *("/nowhere", "/api/v1.0/predictions", "/"),
)


def doing(what: str, message: Mapping[str, Any], **tags: object) -> dict[str, Any]:
    return {**message, "meta": {"tags": {"do": what, **tags}}}


def questions(returned: tuple[str, ...]) -> Iterator[Question]:
    """Every payload and meta to each method, and everything that a model may return to some."""
    for method, (name, payload) in product(ONE_MESSAGE, PAYLOADS.items()):
        yield Question(f"{method} {name}", method, payload)
    for method, (name, meta) in product(ONE_MESSAGE, METAS.items()):
        yield Question(f"{method} meta {name}", method, {**NDARRAY, "meta": meta})
    several: Mapping[str, Any] = {"ndarray": NDARRAY, "tensor": TENSOR, "text": TEXT}
    for what, (name, payload) in product(returned, several.items()):
        yield Question(f"predict {what} for {name}", "predict", doing(what, payload))
    for method, what in product(("transform_input", "route"), returned):
        yield Question(f"{method} returning {what}", method, doing(what, NDARRAY))
    for what in (
        "floats",
        "ints",
        "one-dimensional",
        "three-dimensional",
        "texts",
        "text",
        "dict",
        "response",
    ):
        yield Question(f"predict {what} with extras", "predict", doing(what, NDARRAY, extras=True))
        yield Question(f"route {what} with extras", "route", doing(what, NDARRAY, extras=True))
    yield from _aggregates(returned)
    yield from _feedbacks(returned)


def _aggregates(returned: tuple[str, ...]) -> Iterator[Question]:
    several: Mapping[str, Any] = {
        "two": [NDARRAY, TENSOR],
        "one": [TENSOR],
        "none": [],
        "names": [{"strData": "names"}, NDARRAY, TENSOR, TEXT, {"binData": "AA=="}, {"jsonData": {}}],
        "metas": [{**NDARRAY, "meta": METAS["everything"]}, {**TENSOR, "meta": METAS["tags"]}, TEXT],
        "puid of the second": [NDARRAY, {**NDARRAY, "meta": METAS["puid"]}],
        "nothing within": [{}],
        "not messages": [1],
    }
    for name, messages in several.items():
        yield Question(f"aggregate {name}", "aggregate", {"seldonMessages": messages})
    yield Question("aggregate bare list", "aggregate", [NDARRAY, TENSOR])
    yield Question("aggregate no list", "aggregate", {"seldonMessages": 3})
    yield Question("aggregate one message", "aggregate", NDARRAY)
    for what in returned:
        messages = [{"strData": what}, NDARRAY]
        yield Question(f"aggregate returning {what}", "aggregate", {"seldonMessages": messages})


def _feedbacks(returned: tuple[str, ...]) -> Iterator[Question]:
    feedbacks: Mapping[str, Any] = {
        "empty": {},
        "request": {"request": NDARRAY},
        "tensor": {"request": TENSOR, "truth": TENSOR, "reward": 0.5},
        "text": {"request": TEXT, "truth": TEXT, "reward": 1},
        "reward": {"reward": -2.5},
        "reward text": {"reward": "1.5"},
        "reward no number": {"reward": "much"},
        "everything": {
            "request": {**NDARRAY, "meta": METAS["everything"]},
            "response": {"meta": {"routing": {"unit": 3}}, "data": {"ndarray": [1]}},
            "truth": {"data": {"ndarray": [[1]]}},
            "reward": 1,
        },
        "another's routing": {"request": NDARRAY, "response": {"meta": {"routing": {"other": 3}}}},
        "unknown field": {"request": NDARRAY, "other": 1},
        "unknown field within": {"request": {**NDARRAY, "other": 1}},
        "no message": [1],
        "ragged": {"request": {"data": {"ndarray": [[1], [2, 3]]}}},
        "tensor that does not fill": {"request": {"data": {"tensor": {"shape": [3], "values": [1]}}}},
        "null": {"request": None},
    }
    for name, document in feedbacks.items():
        yield Question(f"feedback {name}", "send_feedback", document)
    for what in returned:
        request = {"data": {"names": ["do", what], "ndarray": [[1, 2]]}}
        yield Question(f"feedback returning {what}", "send_feedback", {"request": request})
