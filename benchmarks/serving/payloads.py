"""What is sent: the same numbers in everybody's way of writing them."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass

JSON = "application/json"
GRPC = "application/grpc"
Rows = Sequence[Sequence[float]]

SMALL: Rows = ((1.5, 2.25, 3.0, 4.75),)
_NORMAL = random.Random(1).gauss
LARGE: Rows = tuple(tuple(_NORMAL(0, 1) for _ in range(100)) for _ in range(100))


@dataclass(frozen=True)
class Call:
    """One request, sent again and again; ``first`` is the first number of a right answer."""

    path: str
    body: bytes
    first: float
    content_type: str = JSON

    @property
    def is_grpc(self) -> bool:
        return self.content_type == GRPC


def doubled(path: str, document: object, rows: Rows) -> Call:
    return Call(path, json.dumps(document, separators=(",", ":")).encode(), rows[0][0] * 2)


def seldon(rows: Rows, kind: str = "ndarray") -> Call:
    data: object = rows if kind == "ndarray" else {"shape": [len(rows), len(rows[0])], "values": _flat(rows)}
    return doubled("/api/v1.0/predictions", {"data": {kind: data}}, rows)


def echoed(rows: Rows) -> Call:
    """Return a body that a model gives back as it came."""
    call = seldon(rows)
    return Call(call.path, call.body, rows[0][0])


def seldon_grpc(rows: Rows, kind: str = "tensor") -> Call:
    """Write SeldonMessage by hand: data is 3, in it tensor 2 and ndarray 3."""
    data = _tensor(rows) if kind == "tensor" else _field(3, _list(rows))
    message = _field(3, data)
    frame = b"\0" + struct.pack(">I", len(message)) + message
    return Call("/seldon.protos.Seldon/Predict", frame, rows[0][0] * 2, GRPC)


def instances(rows: Rows) -> Call:
    return doubled("/v1/models/twice:predict", {"instances": rows}, rows)


def open_inference(rows: Rows) -> Call:
    shape = [len(rows), len(rows[0])]
    tensor = {"name": "x", "shape": shape, "datatype": "FP64", "data": _flat(rows)}
    return doubled("/v2/models/twice/infer", {"inputs": [tensor]}, rows)


def named(rows: Rows) -> Call:
    return doubled("/predict", {"x": rows}, rows)


def _flat(rows: Rows) -> list[float]:
    return [number for row in rows for number in row]


def _tensor(rows: Rows) -> bytes:
    values = _flat(rows)
    shape = _field(1, bytes((len(rows), len(rows[0]))))
    return _field(2, shape + _field(2, struct.pack(f"<{len(values)}d", *values)))


def _list(rows: Rows) -> bytes:
    """ListValue: values are 1, each a Value: number_value is 2 (eight bytes), list_value 6."""
    inner = (b"".join(_field(1, b"\x11" + struct.pack("<d", number)) for number in row) for row in rows)
    return b"".join(_field(1, _field(6, row)) for row in inner)


def _field(number: int, content: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes((*parts, value))
