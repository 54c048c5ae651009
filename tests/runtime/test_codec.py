"""Seldon messages to arrays and back."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from seldon_runtime.codec import json_codec as codec
from seldon_runtime.message import Answer, Kind, Message
from seldon_runtime.request_errors import AnswerInvalid, PayloadInvalid

# What numpy before 1.24 says of ragged rows.
pytestmark = pytest.mark.filterwarnings("ignore:Creating an ndarray from ragged")


def decoded(data: object) -> Message:
    return codec.decode(codec.parse(json.dumps({"data": data})))


def encoded(payload: object, kind: Kind = Kind.NDARRAY, **more: Any) -> Any:
    body = codec.encode(Answer(payload, kind, **more))
    return json.loads(body, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.mark.parametrize(
    ("rows", "dtype", "shape"),
    [
        ([[1, 2], [3, 4]], "int64", (2, 2)),
        ([[1, 2.5]], "float64", (1, 2)),
        ([True, False], "bool", (2,)),
        (["a", 1], "<U", (2,)),
        ([None, {"a": 1}], "object", (2,)),
        (5, "int64", ()),
        ([], "float64", (0,)),
        ([[[1.0]]], "float64", (1, 1, 1)),
    ],
)
def test_an_ndarray_becomes_the_array_that_numpy_makes_of_it(
    rows: object, dtype: str, shape: tuple[int, ...]
) -> None:
    array = decoded({"ndarray": rows}).payload

    assert isinstance(array, np.ndarray)
    assert (str(array.dtype).startswith(dtype), array.shape) == (True, shape)


def test_a_tensor_takes_the_shape_that_it_names() -> None:
    message = decoded({"tensor": {"shape": [2, 3], "values": [1, 2, 3, 4, 5, 6]}, "names": ["a"]})

    assert np.array_equal(np.asarray(message.payload), [[1, 2, 3], [4, 5, 6]])
    assert (message.kind, message.names) == (Kind.TENSOR, ["a"])


def test_a_tensor_wins_over_an_ndarray() -> None:
    message = decoded({"ndarray": [1], "tensor": {"shape": [1], "values": [2]}})

    assert np.asarray(message.payload).tolist() == [2]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (None, "data must be an object"),
        ([1], "data must be an object"),
        ({"ndarray": [[1, 2], [3]]}, "differ in length"),
        ({"ndarray": [[1], {}]}, "differ in length"),
        ({"tensor": {"values": [1]}}, "shape and values"),
        ({"tensor": {"shape": [3], "values": [1, 2]}}, "do not fill shape"),
        ({"tensor": {"shape": ["x"], "values": [1, 2]}}, "do not fill shape"),
        ({"tensor": {"shape": [-1, -1], "values": [1, 2]}}, "do not fill shape"),
        ({"tensor": {"shape": None, "values": [1, 2]}}, "do not fill shape"),
        ({"tensor": []}, "shape and values"),
        ({"tftensor": {}}, "tftensor"),
    ],
)
def test_data_that_is_no_array_is_refused_with_its_reason(data: object, complaint: str) -> None:
    with pytest.raises(PayloadInvalid, match=complaint):
        decoded(data)


@pytest.mark.parametrize(
    ("message", "payload", "kind"),
    [
        ({"jsonData": {"a": [1]}}, {"a": [1]}, Kind.JSON),
        ({"jsonData": None}, None, Kind.JSON),
        ({"strData": "hi"}, "hi", Kind.TEXT),
        ({"binData": "aGk="}, b"hi", Kind.BINARY),
        ({"binData": "aG\nk="}, b"hi", Kind.BINARY),
        ({"strData": "hi", "jsonData": 1}, 1, Kind.JSON),
    ],
)
def test_what_is_not_data_arrives_as_it_is(message: object, payload: object, kind: Kind) -> None:
    found = codec.decode(message)

    assert (found.payload, found.kind) == (payload, kind)


@pytest.mark.parametrize(
    "message", [None, 1, "x", [], {}, {"other": 1}, {"binData": "!!"}, {"strData": "a", "meta": []}]
)
def test_what_is_no_message_is_refused(message: object) -> None:
    with pytest.raises(PayloadInvalid):
        codec.decode(message)


def test_a_message_with_null_meta_has_no_meta() -> None:
    assert codec.decode({"strData": "a", "meta": None}).meta is None


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"NaN[", "{'a': 1}"])
def test_a_body_that_is_not_json_is_refused(body: bytes | str) -> None:
    with pytest.raises(PayloadInvalid):
        codec.parse(body)


def test_the_nan_that_python_clients_send_is_understood() -> None:
    message = codec.decode(codec.parse(b'{"data":{"ndarray":[NaN,-Infinity,1]}}'))
    array = np.asarray(message.payload)

    assert math.isnan(array[0])
    assert array[1:].tolist() == [-math.inf, 1.0]


def test_an_answer_is_written_as_older_wrappers_wrote_it() -> None:
    answer = Answer(np.array([[1.0, 2.5]]), Kind.NDARRAY, meta={"puid": "x"})

    assert codec.encode(answer) == (
        b'{"data":{"names":["t:0","t:1"],"ndarray":[[1.0,2.5]]},"meta":{"puid":"x"}}\n'
    )


@pytest.mark.parametrize("kind", [Kind.TENSOR, Kind.TEXT, Kind.BINARY, Kind.JSON, Kind.NOTHING])
def test_numbers_go_back_as_a_tensor_unless_an_ndarray_came(kind: Kind) -> None:
    assert encoded(np.array([[1, 2]]), kind)["data"] == {
        "names": ["t:0", "t:1"],
        "tensor": {"shape": [1, 2], "values": [1, 2]},
    }


@pytest.mark.parametrize("payload", [np.array(["a", "b"]), np.array([True]), ["a"], [1, "a"]])
def test_what_is_not_numbers_goes_back_as_an_ndarray(payload: Any) -> None:
    assert encoded(payload, Kind.TENSOR)["data"] == {"names": [], "ndarray": list(payload)}


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        (np.zeros(3), []),
        (np.zeros((1, 2)), ["t:0", "t:1"]),
        ([[1, 2]], ["t:0", "t:1"]),
        (np.zeros((1, 2, 5)), ["t:0", "t:1"]),
        (np.zeros((0, 2)), ["t:0", "t:1"]),
        (np.array(3.5), []),
        ([[1], [2, 3]], []),
    ],
)
def test_columns_are_numbered_where_there_are_columns(payload: Any, names: list[str]) -> None:
    assert encoded(payload)["data"]["names"] == names


def test_class_names_name_the_columns() -> None:
    assert encoded(np.zeros((1, 2)), names=["no", "yes"])["data"]["names"] == ["no", "yes"]


def test_a_list_keeps_its_own_numbers() -> None:
    assert encoded([[1, 2.0, None]])["data"]["ndarray"] == [[1, 2.0, None]]


@pytest.mark.parametrize(
    ("payload", "rows"),
    [
        (np.array([[1.5, np.nan], [np.inf, -np.inf]]), [[1.5, None], [None, None]]),
        (np.arange(6).reshape(2, 3).T, [[0, 3], [1, 4], [2, 5]]),
        (np.arange(6)[::2], [0, 2, 4]),
        (np.arange(3, dtype=">i4"), [0, 1, 2]),
        (np.array([1.5], dtype=np.float16), [1.5]),
        (np.array([1.5], dtype=np.float32), [1.5]),
        (np.array([1.5], dtype=np.longdouble), [1.5]),
        (np.array(2.5), 2.5),
        (np.array([], dtype=float), []),
        (np.array([1, 2], dtype=np.uint8), [1, 2]),
        (np.array([None, "a", 1.5], dtype=object), [None, "a", 1.5]),
        ([np.float32(1.5), np.int8(2), np.bool_(True), np.array([1])], [1.5, 2, True, [1]]),
        (np.array(["2020-01-01"], dtype="datetime64[s]"), ["2020-01-01T00:00:00"]),
    ],
)
def test_any_array_becomes_valid_json(payload: Any, rows: object) -> None:
    assert encoded(payload)["data"]["ndarray"] == rows


@pytest.mark.parametrize("make", [np.asarray, np.matrix])
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_strided_tensor_is_written_in_its_own_order(make: Any) -> None:
    payload = make(np.arange(6).reshape(2, 3).T)

    assert encoded(payload, Kind.TENSOR)["data"]["tensor"] == {
        "shape": [3, 2],
        "values": [0, 3, 1, 4, 2, 5],
    }


@pytest.mark.parametrize(
    ("payload", "key", "value"),
    [
        ({"a": np.float64(1)}, "jsonData", {"a": 1.0}),
        ({1: np.array([1])}, "jsonData", {"1": [1]}),
        ({"a": np.array([1], dtype=">i4")}, "jsonData", {"a": [1]}),
        ("text", "strData", "text"),
        (b"\x00\xff", "binData", "AP8="),
        (bytearray(b"hi"), "binData", "aGk="),
    ],
)
def test_the_type_returned_decides_the_kind(payload: object, key: str, value: object) -> None:
    assert encoded(payload) == {key: value, "meta": {}}


@pytest.mark.parametrize(
    "payload", [None, 1.5, (1, 2), np.float64(1), {"a": object()}, np.array([1j]), ["\ud800"], [b"raw"]]
)
def test_what_no_message_can_carry_is_named(payload: object) -> None:
    with pytest.raises(AnswerInvalid):
        codec.encode(Answer(payload))


def test_every_double_survives_the_way_there_and_back() -> None:
    numbers = np.random.default_rng(0).standard_normal((50, 4)) * 10.0 ** np.arange(4)
    answer = codec.decode(codec.parse(codec.encode(Answer(numbers, Kind.TENSOR))))

    assert np.array_equal(np.asarray(answer.payload), numbers)
