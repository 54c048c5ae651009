"""Messages to arrays and back: what is fast says what protobuf itself says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from google.protobuf import any_pb2, json_format
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as Proto
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from seldon_runtime.message import Answer, Kind
from seldon_runtime.proto import scan
from seldon_runtime.proto.decode import decode, decode_feedback, decode_list, decoded
from seldon_runtime.proto.encode import encode
from seldon_runtime.proto.messages import FEEDBACK, SELDON_MESSAGE, SELDON_MESSAGE_LIST
from seldon_runtime.proto.number_list import array_in, list_of
from seldon_runtime.request_errors import AnswerInvalid, PayloadInvalid

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
ARRAYS = arrays.arrays(
    np.float64,
    arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=12),
    elements=NUMBERS,
    fill=NUMBERS,
)
ANY_ARRAYS = arrays.arrays(
    st.sampled_from(["<f8", ">f8", "f4", "f2", "i8", "u1", ">i4", "u8"]),
    arrays.array_shapes(min_dims=1, max_dims=3, min_side=0),
)
LEAVES = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)
LISTS = st.recursive(
    st.lists(LEAVES),
    lambda inner: st.lists(inner | st.lists(st.floats(), max_size=3), max_size=4),
    max_leaves=12,
)


def message(document: dict[str, Any]) -> Any:
    return json_format.ParseDict(document, SELDON_MESSAGE())


def wire(document: dict[str, Any]) -> bytes:
    return bytes(message(document).SerializeToString())


def parsed(body: bytes) -> Any:
    return SELDON_MESSAGE.FromString(body)


def same(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def nested(array: npt.NDArray[Any]) -> Any:
    """Build the ListValue of an array element by element."""
    list_value: Any = SELDON_MESSAGE().data.ndarray  # type: ignore[attr-defined]
    fill(list_value, array)
    return list_value


def fill(list_value: Any, array: npt.NDArray[Any]) -> None:
    for item in array:
        added = list_value.values.add()
        if array.ndim == 1:
            added.number_value = float(item)
        else:
            added.list_value.SetInParent()
            fill(added.list_value, item)


@given(ARRAYS)
@settings(max_examples=150, deadline=None)
def test_a_list_of_numbers_is_written_as_protobuf_writes_it(array: npt.NDArray[Any]) -> None:
    assert list_of(array) == nested(array).SerializeToString()


@given(ARRAYS)
@settings(max_examples=150, deadline=None)
def test_a_list_of_numbers_is_read_as_it_was_written(array: npt.NDArray[Any]) -> None:
    assume(array.size)
    body = b"before" + nested(array).SerializeToString() + b"after"
    found = array_in(body, 6, len(body) - 5)

    assert found is not None
    assert same(found, array)


@given(LISTS)
@settings(max_examples=150, deadline=None)
def test_any_list_is_read_as_its_elements_are(rows: list[Any]) -> None:
    body = SELDON_MESSAGE()
    fill_any(body.data.ndarray, rows)  # type: ignore[attr-defined]
    found = array_in(content := body.data.ndarray.SerializeToString(), 0, len(content))  # type: ignore[attr-defined]

    if found is not None:
        assert same(found, np.array(rows, float))
    try:
        slow = decoded(body)
    except PayloadInvalid:
        with pytest.raises(PayloadInvalid):
            decode(body.SerializeToString())
        return
    fast = decode(body.SerializeToString())
    assert repr(fast.payload) == repr(slow.payload)
    assert (fast.kind, fast.names, fast.meta) == (slow.kind, slow.names, slow.meta)


def fill_any(list_value: Any, rows: list[Any]) -> None:
    list_value.SetInParent()
    for item in rows:
        if isinstance(item, list):
            fill_any(list_value.values.add().list_value, item)
        elif isinstance(item, dict):
            json_format.ParseDict(item, list_value.values.add().struct_value)
        elif isinstance(item, float):
            list_value.values.add().number_value = item
        else:
            json_format.ParseDict(item, list_value.values.add())


@given(ANY_ARRAYS, st.sampled_from([Kind.TENSOR, Kind.NDARRAY, Kind.TFTENSOR, Kind.TEXT]))
@settings(max_examples=150, deadline=None)
def test_an_array_comes_back_as_it_went(array: npt.NDArray[Any], kind: Kind) -> None:
    assume(kind is not Kind.NDARRAY or array.size)
    found = decode(encode(Answer(array, kind)))

    assert found.kind is (Kind.TENSOR if kind is Kind.TEXT else kind)
    assert same(np.asarray(found.payload), array.astype(array.dtype if kind is Kind.TFTENSOR else float))


@given(ANY_ARRAYS)
@settings(deadline=None)
def test_a_tensor_is_written_as_protobuf_reads_it(array: npt.NDArray[Any]) -> None:
    tensor = parsed(encode(Answer(array, Kind.TENSOR))).data.tensor

    assert tuple(tensor.shape) == array.shape
    assert same(np.array(tensor.values), array.astype(float).ravel())


@given(st.dictionaries(st.text(), VALUES))
@settings(deadline=None)
def test_json_is_written_as_protobuf_writes_it(document: dict[str, Any]) -> None:
    answer = parsed(encode(Answer(document, Kind.JSON)))

    assert answer.jsonData == message({"jsonData": document}).jsonData
    assert decode(answer.SerializeToString()).payload == document


@given(st.binary(max_size=200) | st.builds(bytes.__add__, st.just(b"\x1a"), st.binary(max_size=60)))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_as_protobuf_reads_them_or_refused(body: bytes) -> None:
    try:
        slow = decoded(parsed(body))
    except (DecodeError, PayloadInvalid):
        with pytest.raises(PayloadInvalid):
            decode(body)
        return
    assert repr(decode(body)) == repr(slow)


@given(st.data(), st.sampled_from(["tensor", "ndarray"]))
@settings(max_examples=150, deadline=None)
def test_a_damaged_message_is_read_as_protobuf_reads_it_or_refused(data: st.DataObject, kind: str) -> None:
    rows = {"tensor": {"shape": [2, 2], "values": [1, 2, 3, 4]}, "ndarray": [[1, 2], [3, 4]]}
    body = bytearray(wire({"meta": {"puid": "p"}, "data": {"names": ["a"], kind: rows[kind]}}))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        slow: object = repr(decoded(parsed(bytes(body))))
    except (DecodeError, PayloadInvalid) as error:
        slow = type(error)
    try:
        fast: object = repr(decode(bytes(body)))
    except PayloadInvalid as error:
        fast = type(error)

    assert fast == slow or (fast is PayloadInvalid and not isinstance(slow, str))


@pytest.mark.parametrize(
    ("document", "payload", "kind"),
    [
        ({"strData": "héllo"}, "héllo", Kind.TEXT),
        ({"binData": "AP8="}, b"\x00\xff", Kind.BINARY),
        ({"jsonData": {"a": [1, None, True, "x"]}}, {"a": [1.0, None, True, "x"]}, Kind.JSON),
        ({"jsonData": 3}, 3.0, Kind.JSON),
        ({"jsonData": None}, None, Kind.JSON),
    ],
)
def test_what_is_no_array_is_read(document: dict[str, Any], payload: object, kind: Kind) -> None:
    found = decode(wire(document))

    assert (found.payload, found.kind, found.meta) == (payload, kind, {})


@pytest.mark.parametrize(
    ("rows", "dtype"),
    [([[1, "a"]], "U"), ([[True, False]], "b"), ([[1, None]], "O"), (["a"], "U"), ([], "f"), ([[]], "f")],
)
def test_a_list_of_other_things_becomes_what_numpy_makes_of_it(rows: list[Any], dtype: str) -> None:
    found = decode(wire({"data": {"ndarray": rows}}))

    assert np.asarray(found.payload).dtype.kind == dtype
    assert found.kind is Kind.NDARRAY


def test_ragged_rows_are_refused() -> None:
    with pytest.raises(PayloadInvalid, match="differ in length"):
        decode(wire({"data": {"ndarray": [[1, 2], [3]]}}))


@pytest.mark.parametrize("shape", [[3], [2, 3], [], [-2, -2], [2**31 - 1, 2**31 - 1]])
def test_a_shape_that_the_values_do_not_fill_is_refused(shape: list[int]) -> None:
    with pytest.raises(PayloadInvalid, match="do not fill shape"):
        decode(wire({"data": {"tensor": {"shape": shape, "values": [1, 2, 3, 4]}}}))


def test_a_message_with_nothing_in_it_is_refused() -> None:
    with pytest.raises(PayloadInvalid, match="holds none of"):
        decode(b"")


def test_data_with_nothing_in_it_is_an_empty_array() -> None:
    assert decode(wire({"data": {"names": ["a"]}})).payload.shape == (0,)  # type: ignore[attr-defined]


def test_values_that_are_not_packed_are_read_too() -> None:
    # As a library of proto2 would write them.
    values = b"\x11" + np.float64(2.5).tobytes()
    body = b"\x1a\x0d\x12\x0b\x08\x01" + values

    assert decode(body).payload == [2.5]


def test_the_model_may_write_to_what_it_gets() -> None:
    for rows in ({"tensor": {"shape": [1], "values": [1]}}, {"ndarray": [1]}):
        array: Any = decode(wire({"data": {"names": ["x"], **rows}})).payload
        array[0] = 2

        assert array.flags.aligned
        assert array == [2]


META: dict[str, Any] = {
    "puid": "abc",
    "tags": {"a": 1.5, "b": {"c": [True, None, "x"]}},
    "routing": {"router": -1},
    "requestPath": {"unit": "image:1"},
    "metrics": [
        {"key": "c", "type": "COUNTER", "value": 0.1, "tags": {"t": "1"}},
        {"key": "g", "type": "GAUGE", "value": 2.0, "tags": {}},
        {"key": "t", "type": "TIMER", "value": 20.5, "tags": {}},
    ],
}


@pytest.mark.parametrize("data", [{"data": {"ndarray": [1]}}, {"strData": "x"}])
def test_meta_is_read_and_written(data: dict[str, Any]) -> None:
    found = decode(wire({"meta": META, **data}))

    assert found.meta == META
    assert decode(encode(Answer(found.payload, found.kind, meta=META))).meta == META


def test_an_answer_without_meta_still_has_one() -> None:
    assert parsed(encode(Answer("x"))).HasField("meta")


@pytest.mark.parametrize("value", [1e300, -math.inf])
def test_a_metric_too_large_for_single_precision_is_infinite(value: float) -> None:
    answer = Answer("x", meta={"metrics": [{"key": "k", "type": "GAUGE", "value": value}]})

    assert parsed(encode(answer)).meta.metrics[0].value == math.copysign(math.inf, value)


@pytest.mark.parametrize(
    ("payload", "kind", "names", "document"),
    [
        (np.array([[1, 2]]), Kind.NDARRAY, None, {"names": ["t:0", "t:1"], "ndarray": [[1.0, 2.0]]}),
        (
            [[1, 2]],
            Kind.TENSOR,
            ["a", 7],
            {"names": ["a", "7"], "tensor": {"shape": [1, 2], "values": [1.0, 2.0]}},
        ),
        (np.array([1, 2]), Kind.TEXT, ["a"], {"tensor": {"shape": [2], "values": [1.0, 2.0]}}),
        (np.array(3.5), Kind.TENSOR, None, {"tensor": {"values": [3.5]}}),
        (np.array(3.5), Kind.NDARRAY, None, {"tensor": {"values": [3.5]}}),
        ([["a", "b"]], Kind.TENSOR, None, {"names": ["t:0", "t:1"], "ndarray": [["a", "b"]]}),
        ([1, "b", None], Kind.TENSOR, None, {"ndarray": [1.0, "b", None]}),
        ([[1], [2, 3]], Kind.TENSOR, None, {"ndarray": [[1.0], [2.0, 3.0]]}),
        (np.array([True, False]), Kind.TENSOR, None, {"ndarray": [True, False]}),
        (np.array(["2020-01-01"], "M8[ns]"), Kind.TENSOR, None, {"ndarray": ["2020-01-01T00:00:00"]}),
        (np.array([]), Kind.TENSOR, None, {"tensor": {"shape": [0]}}),
        (np.array([]), Kind.NDARRAY, None, {"ndarray": []}),
        (np.zeros((2, 0)), Kind.NDARRAY, None, {"ndarray": [[], []]}),
    ],
)
def test_an_array_is_answered_in_the_kind_of_its_request(
    payload: Any, kind: Kind, names: list[object] | None, document: dict[str, Any]
) -> None:
    assert json_format.MessageToDict(parsed(encode(Answer(payload, kind, names))))["data"] == document


@pytest.mark.parametrize(
    ("payload", "document"),
    [
        ("text", {"strData": "text"}),
        (bytearray(b"\x00"), {"binData": "AA=="}),
        (
            {1: np.int64(2), None: (np.float32(0.5), np.array([1, 2]))},
            {"jsonData": {"1": 2.0, "null": [0.5, [1.0, 2.0]]}},
        ),
    ],
)
def test_other_answers_are_written(payload: object, document: dict[str, Any]) -> None:
    assert json_format.MessageToDict(parsed(encode(Answer(payload, Kind.JSON)))) == {"meta": {}, **document}


def test_an_any_is_passed_through_both_ways() -> None:
    packed = any_pb2.Any()
    packed.Pack(any_pb2.Any(type_url="inner", value=b"12"))
    answer = encode(Answer(packed, Kind.CUSTOM))
    found = decode(answer)
    unpacked = any_pb2.Any()

    assert found.kind is Kind.CUSTOM
    assert found.payload.Unpack(unpacked)  # type: ignore[attr-defined]
    assert unpacked.value == b"12"
    assert encode(Answer(found.payload, Kind.CUSTOM)) == answer


CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    "payload",
    [
        None,
        3,
        object(),
        {"a": object()},
        {"a": 10**400},
        {"a": b"x"},
        "\ud800",
        np.array([1j]),
        np.array("x"),
        {"a": CYCLE},
        any_pb2.Any.DESCRIPTOR,
    ],
)
def test_an_answer_that_no_message_can_carry_is_refused(payload: object) -> None:
    with pytest.raises(AnswerInvalid):
        encode(Answer(payload))


def test_a_raw_answer_is_written_as_it_is() -> None:
    document = {"meta": {"tags": {"a": "b"}}, "status": {"code": 207}, "strData": "x"}

    assert json_format.MessageToDict(parsed(encode(Answer(document, Kind.RAW)))) == document
    assert encode(Answer(message(document), Kind.RAW)) == wire(document)


@pytest.mark.parametrize("document", [{"no": 1}, "text", None, FEEDBACK(), [1]])
def test_a_raw_answer_that_is_no_message_is_refused(document: object) -> None:
    with pytest.raises(AnswerInvalid, match="the model returned no SeldonMessage"):
        encode(Answer(document, Kind.RAW))


def test_a_list_of_messages_is_read_in_order() -> None:
    listed: Any = SELDON_MESSAGE_LIST()
    listed.seldonMessages.add().CopyFrom(message({"data": {"ndarray": [[1, 2]]}, "meta": {"puid": "p"}}))
    listed.seldonMessages.add(strData="x")
    first, second = decode_list(listed.SerializeToString())

    assert (first.payload.tolist(), first.meta) == ([[1, 2]], {"puid": "p"})  # type: ignore[attr-defined]
    assert second.payload == "x"


def feedback(**sides: dict[str, Any]) -> bytes:
    return bytes(json_format.ParseDict(sides, FEEDBACK()).SerializeToString())


def test_a_feedback_is_read() -> None:
    found = decode_feedback(
        feedback(
            request={"meta": {"puid": "p"}, "data": {"names": ["a"], "ndarray": [[1]]}},
            response={"meta": {"routing": {"router": 1}}},
            truth={"data": {"tensor": {"shape": [1], "values": [2]}}},
            reward=0.1,  # type: ignore[arg-type]
        )
    )

    assert (found.features.payload, found.features.names, found.features.meta) == (
        [[1.0]],
        ["a"],
        {"puid": "p"},
    )
    assert (found.features.kind, found.truth.payload, found.reward) == (Kind.NDARRAY, [2.0], 0.1)
    assert found.routing == {"router": 1}


def test_a_feedback_has_empty_arrays_where_it_has_no_data() -> None:
    found = decode_feedback(feedback(request={"strData": "x"}))

    assert found.features.payload.tolist() == found.truth.payload.tolist() == []  # type: ignore[attr-defined]


def test_a_feedback_of_words_is_refused() -> None:
    with pytest.raises(PayloadInvalid, match="must be numbers"):
        decode_feedback(feedback(truth={"data": {"ndarray": ["a"]}}))


@pytest.mark.parametrize("read", [decode, decode_list, decode_feedback])
def test_bytes_that_are_no_message_are_refused(read: Any) -> None:
    with pytest.raises(PayloadInvalid, match="the request is no"):
        read(b"\x0a\xff")


def test_a_length_beyond_the_message_takes_no_memory() -> None:
    # A row that says to have 2**40 bytes.
    row = b"\x0a\x80\x80\x80\x80\x80\x20\x32\x80\x80\x80\x80\x80\x20"

    assert array_in(row + bytes(100), 0, len(row) + 100) is None


@pytest.mark.parametrize("shape", [(3, 200), (2, 1500), (200, 3, 1), (1, 1, 1, 1, 12)])
def test_headers_of_any_length_are_known(shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape), dtype=float).reshape(shape)
    body = bytes(list_of(array))
    found = array_in(body, 0, len(body))

    assert found is not None
    assert same(found, array)


def test_the_usual_messages_take_the_fast_way() -> None:
    for document in ({"tensor": {"shape": [1, 1], "values": [1]}}, {"ndarray": [[1]]}):
        assert scan.data_in(wire({"meta": {"puid": "p"}, "data": {"names": ["a"], **document}}))


def test_the_slow_way_makes_no_message_of_the_wrong_class() -> None:
    assert isinstance(SELDON_MESSAGE(), Proto)
