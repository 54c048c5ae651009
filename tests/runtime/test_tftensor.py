"""TensorFlow's tensors, as TensorFlow would read and write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays
from seldon_runtime.codec.tftensor import (
    NUMBERS,
    TYPES,
    array_from_document,
    array_from_message,
    content_of,
    document_of,
)
from seldon_runtime.proto.messages import POOL, message_class
from seldon_runtime.request_errors import AnswerInvalid, PayloadInvalid

TENSOR = message_class("tensorflow.TensorProto")
NUMERIC = ["f2", "<f4", ">f8", "i1", "i2", ">i4", "i8", "u1", "u2", "u4", "u8", "?", "c8", "c16"]


def message(**fields: Any) -> Any:
    shape = fields.pop("shape", None)
    found: Any = TENSOR(**{**fields, "dtype": NUMBERS.get(fields["dtype"], fields["dtype"])})
    for size in shape or ():
        found.tensor_shape.dim.add(size=size)
    return found


@pytest.mark.parametrize("dtype", NUMERIC)
@given(shape=arrays.array_shapes(min_dims=0, max_dims=3, min_side=0))
@settings(max_examples=20, deadline=None)
def test_an_array_comes_back_from_its_document(dtype: str, shape: tuple[int, ...]) -> None:
    array = (np.arange(np.prod(shape)) % 2).astype(dtype).reshape(shape)
    document = document_of(array)
    parsed = json_format.ParseDict(document, TENSOR())

    for found in (array_from_document(document), array_from_message(parsed)):
        assert (found.dtype, found.shape) == (array.dtype.newbyteorder("="), array.shape)
        assert (found == array).all()


def test_a_document_is_what_json_has_of_a_message() -> None:
    array = np.array([[1.5, 2.5]])
    found = message(dtype="DT_DOUBLE", shape=(1, 2), tensor_content=array.tobytes())

    assert document_of(array) == json_format.MessageToDict(found)


def test_strings_are_bytes() -> None:
    found = message(dtype="DT_STRING", shape=(2,), string_val=[b"a", b"\xff"])

    assert array_from_message(found).tolist() == [b"a", b"\xff"]
    assert array_from_document(json_format.MessageToDict(found)).tolist() == [b"a", b"\xff"]
    assert document_of(np.array(["a", b"\xff"], "O")) == json_format.MessageToDict(found)


@pytest.mark.parametrize(
    ("dtype", "field", "values", "wanted"),
    [
        ("DT_FLOAT", "float_val", [1.5, 2], np.array([1.5, 2], "f4")),
        ("DT_DOUBLE", "double_val", [float("nan"), -1], np.array([np.nan, -1])),
        ("DT_INT32", "int_val", [-1, 2], np.array([-1, 2], "i4")),
        ("DT_INT8", "int_val", [-1, 2], np.array([-1, 2], "i1")),
        ("DT_UINT8", "int_val", [255, 2], np.array([255, 2], "u1")),
        ("DT_UINT16", "int_val", [65535, 2], np.array([65535, 2], "u2")),
        ("DT_INT64", "int64_val", [-(2**63), 2**63 - 1], np.array([-(2**63), 2**63 - 1], "i8")),
        ("DT_UINT64", "uint64_val", [2**64 - 1, 0], np.array([2**64 - 1, 0], "u8")),
        ("DT_UINT32", "uint32_val", [2**32 - 1, 0], np.array([2**32 - 1, 0], "u4")),
        ("DT_BOOL", "bool_val", [True, False], np.array([True, False])),
        ("DT_HALF", "half_val", [0x3E00, 0xC000], np.array([1.5, -2], "f2")),
        ("DT_BFLOAT16", "half_val", [0x3FC0, 0xC000], np.array([1.5, -2], "f4")),
        ("DT_COMPLEX64", "scomplex_val", [1, 2, 3, 4], np.array([1 + 2j, 3 + 4j], "c8")),
        ("DT_COMPLEX128", "dcomplex_val", [1, 2, 3, 4], np.array([1 + 2j, 3 + 4j])),
        ("DT_QINT8", "int_val", [-1, 2], np.array([-1, 2], "i1")),
    ],
)
def test_values_may_be_listed(dtype: str, field: str, values: list[Any], wanted: npt.NDArray[Any]) -> None:
    found = message(dtype=dtype, shape=(2,), **{field: values})
    arrays_found = [array_from_message(found), array_from_document(json_format.MessageToDict(found))]
    names = {"dtype": TYPES[NUMBERS[dtype]].name, "tensor_shape": {"dim": [{"size": 2}]}, field: values}
    if dtype != "DT_DOUBLE":
        arrays_found.append(array_from_document(names))
    arrays_found.append(array_from_document({**json_format.MessageToDict(found), "dtype": NUMBERS[dtype]}))

    for array in arrays_found:
        assert array.dtype == wanted.dtype
        np.testing.assert_array_equal(array, wanted)


def test_bytes_of_bfloat16_are_widened() -> None:
    found = message(dtype="DT_BFLOAT16", shape=(2,), tensor_content=b"\xc0\x3f\x00\xc0")

    assert array_from_message(found).tolist() == [1.5, -2.0]


@pytest.mark.parametrize("values", [[7], [1, 7]])
def test_a_list_that_is_too_short_goes_on_with_its_last_value(values: list[int]) -> None:
    array = array_from_message(message(dtype="DT_INT32", shape=(2, 3), int_val=values))

    assert array.ravel().tolist() == values + [7] * (6 - len(values))
    array[0, 0] = 1


def test_a_tensor_without_a_shape_is_a_number() -> None:
    assert array_from_message(message(dtype="DT_FLOAT", float_val=[1.5])).shape == ()


@pytest.mark.parametrize(
    "tensor",
    [
        message(dtype=0),
        message(dtype=20),
        message(dtype=99),
        message(dtype="DT_FLOAT", shape=(2,)),
        message(dtype="DT_FLOAT", shape=(1,), float_val=[1, 2]),
        message(dtype="DT_FLOAT", shape=(-1,), float_val=[1]),
        message(dtype="DT_FLOAT", shape=(-1, -1), float_val=[1]),
        message(dtype="DT_FLOAT", shape=(2**40, 2**40), float_val=[1]),
        message(dtype="DT_FLOAT", shape=(1,), tensor_content=b"12345"),
        message(dtype="DT_FLOAT", shape=(-1, -1), tensor_content=b"1234"),
        message(dtype="DT_COMPLEX64", shape=(1,), scomplex_val=[1]),
        message(dtype="DT_FLOAT", tensor_shape={"unknown_rank": True}, float_val=[1]),
    ],
)
def test_a_message_that_is_no_array_is_refused(tensor: Any) -> None:
    with pytest.raises(PayloadInvalid, match="tftensor"):
        array_from_message(tensor)
    with pytest.raises(PayloadInvalid, match="tftensor"):
        array_from_document(json_format.MessageToDict(tensor))


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"dtype": "DT_NONE"},
        {"dtype": []},
        {"dtype": 1, "tensorShape": []},
        {"dtype": 1, "tensorShape": {"dim": 3}},
        {"dtype": 1, "tensorShape": {"dim": [3]}},
        {"dtype": 1, "tensorShape": {"dim": [{"size": "x"}]}},
        {"dtype": 1, "floatVal": ["x"]},
        {"dtype": 1, "floatVal": 1},
        {"dtype": 3, "intVal": [None]},
        {"dtype": 1, "tensorContent": "*"},
        {"dtype": 7, "stringVal": ["*"]},
        {"dtype": 3, "intVal": [2**80]},
    ],
)
def test_a_document_that_is_no_tensor_is_refused(document: object) -> None:
    with pytest.raises(PayloadInvalid, match="tftensor"):
        array_from_document(document)


@pytest.mark.parametrize("array", [np.array([None]), np.array([1], "M8[s]"), np.zeros(1, [("a", "i4")])])
def test_an_array_that_tensorflow_has_no_type_for_is_refused(array: npt.NDArray[Any]) -> None:
    with pytest.raises(AnswerInvalid, match="tftensor"):
        document_of(array)


def test_numbers_of_more_than_double_precision_are_rounded() -> None:
    number, content = content_of(np.array([1.5], np.longdouble))

    assert (number, np.frombuffer(content).tolist()) == (NUMBERS["DT_DOUBLE"], [1.5])


def test_types_and_fields_are_tensorflows() -> None:
    enum = POOL.FindEnumTypeByName("tensorflow.DataType")

    assert {name: enum.values_by_name[name].number for name in NUMBERS} == NUMBERS
    assert {kind.field for kind in TYPES.values()} <= set(TENSOR.DESCRIPTOR.fields_by_name)
