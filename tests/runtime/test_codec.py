"""Seldon messages to arrays and back."""

from __future__ import annotations

import json
import math
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from seldon_runtime.codec import json_codec as codec
from seldon_runtime.codec.json_request import JsonRequest
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


def test_feedback_is_read_in_floats_with_what_it_was_routed_by() -> None:
    document = {
        "request": {"data": {"names": ["a"], "ndarray": [[1, 2]]}, "meta": {"puid": "p"}},
        "response": {"meta": {"routing": {"router": 1}}, "data": {"ndarray": ["anything"]}},
        "truth": {"data": {"tensor": {"shape": [1], "values": [3]}}},
        "reward": 1,
    }
    found = JsonRequest(document).feedback()
    features, truth = np.asarray(found.features.payload), np.asarray(found.truth.payload)

    assert (features.tolist(), str(features.dtype), found.features.names) == ([[1.0, 2.0]], "float64", ["a"])
    assert (truth.tolist(), str(truth.dtype), found.truth.kind) == ([3.0], "float64", Kind.TENSOR)
    assert (found.reward, found.routing, found.features.meta) == (1.0, {"router": 1}, {"puid": "p"})


@pytest.mark.parametrize("request_", [{}, None, {"strData": "x"}])
def test_feedback_about_no_numbers_has_empty_features(request_: object) -> None:
    features = JsonRequest({"request": request_, "reward": 2}).feedback().features

    assert np.asarray(features.payload).tolist() == []


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([1], "must be a JSON object"),
        ({"other": 1}, "not other"),
        ({"reward": "much"}, "reward must be a number"),
        ({"reward": True}, "reward must be a number"),
        ({"request": [1]}, "request must be an object"),
        ({"response": {"meta": {"routing": [1]}}}, "routing must be an object"),
        ({"request": {"data": {"ndarray": [[1], [1, 2]]}}}, "differ in length"),
    ],
)
def test_feedback_that_is_none_is_refused(document: object, says: str) -> None:
    with pytest.raises(PayloadInvalid, match=says):
        JsonRequest(document).feedback()


@pytest.mark.parametrize("document", [{"seldonMessages": 1}, {}, 1, None, "x", {"seldonMessages": [1]}])
def test_what_is_no_list_of_messages_is_refused(document: object) -> None:
    with pytest.raises(PayloadInvalid):
        JsonRequest(document).messages()


@pytest.mark.parametrize(
    ("payload", "written"),
    [
        ({"a": Decimal("1.10")}, {"a": "1.10"}),
        ({"a": date(2026, 1, 2)}, {"a": "2026-01-02"}),
        ({"a": UUID(int=1)}, {"a": "00000000-0000-0000-0000-000000000001"}),
        ({"a": np.datetime64("2026-01-02T00:00:00")}, {"a": "2026-01-02T00:00:00"}),
        ({"a": (1, 2), "b": np.arange(2)[::-1]}, {"a": [1, 2], "b": [1, 0]}),
        ({1: {2.5: None}}, {"1": {"2.5": None}}),
    ],
)
def test_odd_values_within_a_dict_are_written_as_people_expect(payload: object, written: object) -> None:
    assert encoded(payload)["jsonData"] == written


class Frame:
    def to_numpy(self) -> None: ...


@pytest.mark.parametrize(
    ("payload", "advice"),
    [
        (Frame(), r"its to_numpy\(\)"),
        ((1, 2), r"list\(\) of it"),
        (1.5, "a single one"),
        (None, "returned NoneType"),
    ],
)
def test_what_cannot_be_written_is_told_with_what_to_return(payload: object, advice: str) -> None:
    with pytest.raises(AnswerInvalid, match=advice):
        codec.encode(Answer(payload))


@pytest.mark.parametrize(
    ("document", "written"),
    [({"b": 1, "a": np.float64(2)}, {"b": 1, "a": 2.0}), ([1], [1]), ("x", "x"), (None, None)],
)
def test_a_raw_document_is_written_as_it_is(document: object, written: object) -> None:
    assert encoded(document, Kind.RAW) == written


def test_inputs_are_answered_with_predictions() -> None:
    assert encoded([1, None, {"a": 1}], Kind.INPUTS) == {"predictions": [1, None, {"a": 1}]}


@pytest.mark.parametrize("array", [np.array([[1.5, 2]]), np.array([1, 2], np.int16)])
def test_a_tftensor_survives(array: Any) -> None:
    found = codec.decode(codec.parse(codec.encode(Answer(array, Kind.TFTENSOR))))
    payload = np.asarray(found.payload)

    assert (payload.tolist(), payload.dtype, found.kind) == (array.tolist(), array.dtype, Kind.TFTENSOR)


def test_custom_data_is_an_any_there_and_back() -> None:
    from google.protobuf.duration_pb2 import Duration

    document = {"customData": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "3s"}}
    found = codec.decode(document)
    duration = Duration()

    assert found.payload.Unpack(duration)  # type: ignore[attr-defined]  # an Any
    assert (duration.seconds, found.kind) == (3, Kind.CUSTOM)
    assert encoded(found.payload) == {**document, "meta": {}}


@pytest.mark.parametrize("value", [1, {"@type": "type.googleapis.com/no.Such"}, {"a": 1}, None])
def test_custom_data_of_no_known_type_is_refused(value: object) -> None:
    with pytest.raises(PayloadInvalid):
        codec.decode({"customData": value})


def test_the_document_of_a_raw_method_comes_as_the_protobuf_that_it_asks_for() -> None:
    from seldon_runtime.proto.messages import SELDON_MESSAGE, SELDON_MESSAGE_LIST

    message: Any = JsonRequest({"strData": "a"}).raw(SELDON_MESSAGE)
    messages: Any = JsonRequest([{"strData": "a"}]).raw(SELDON_MESSAGE_LIST)

    assert (message.strData, messages.seldonMessages[0].strData) == ("a", "a")
    with pytest.raises(PayloadInvalid):
        JsonRequest({"other": 1}).raw(SELDON_MESSAGE)


def test_a_date_that_is_none_is_null() -> None:
    answer = Answer(np.array(["2026-11-20T10:00:00", "NaT"], "datetime64[ns]"), Kind.NDARRAY)

    assert json.loads(codec.encode(answer))["data"]["ndarray"] == ["2026-11-20T10:00:00", None]


def test_a_slip_of_the_pen_does_not_reach_the_model_as_an_empty_array() -> None:
    with pytest.raises(PayloadInvalid, match="it holds ndarry"):
        codec.decode({"data": {"names": ["a"], "ndarry": [[1]]}})
