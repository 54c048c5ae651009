"""Bodies of a few bytes that would take all memory, or all the time, of who reads them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from seldon_runtime.codec import arrays
from seldon_runtime.codec.arrays import MOST_DIMENSIONS, WIDEST_EMPTY, array_of, shaped
from seldon_runtime.codec.json_request import JsonRequest
from seldon_runtime.codec.tftensor import array_from_document, array_from_message
from seldon_runtime.component.parameters import parameters_from
from seldon_runtime.errors import ParametersInvalid
from seldon_runtime.proto import encode
from seldon_runtime.proto.decode import decode
from seldon_runtime.proto.messages import SELDON_MESSAGE
from seldon_runtime.request_errors import PayloadInvalid
from seldon_runtime.rest.multipart import LONGEST_HEAD, message_in

from tests.served import Server, serving

MODEL = "class Model: pass"
VAST = 1 << 40


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("model"), MODEL) as running:
        yield running


def tftensor(shape: list[int]) -> dict[str, object]:
    return {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": str(length)} for length in shape]}}


@pytest.mark.parametrize(
    "data", [{"tensor": {"shape": [0, VAST], "values": []}}, {"tftensor": tftensor([0, VAST])}]
)
def test_columns_that_hold_nothing_are_not_named_until_the_memory_ends(
    server: Server, data: dict[str, object]
) -> None:
    assert server.ask({"data": data}, "/transform-input").status == 400


def test_columns_that_hold_nothing_are_refused_over_grpc_too(server: Server) -> None:
    message: Any = SELDON_MESSAGE()
    message.data.tensor.shape.extend([0, (1 << 31) - 1])
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        call = channel.unary_unary("/seldon.protos.Transformer/TransformInput", bytes, bytes)
        with pytest.raises(grpc.RpcError) as refused:
            call(message.SerializeToString(), timeout=10)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_an_empty_array_keeps_the_columns_that_a_table_may_have() -> None:
    assert shaped(np.array([]), [0, WIDEST_EMPTY]).shape == (0, WIDEST_EMPTY)


def test_a_length_left_open_does_not_hide_how_wide_an_empty_array_is() -> None:
    with pytest.raises(PayloadInvalid, match="without values"):
        shaped(np.array([]), [-1, VAST])


def test_a_tftensor_of_a_million_dimensions_is_refused_before_they_are_multiplied() -> None:
    began = time.monotonic()
    with pytest.raises(PayloadInvalid, match="dimensions"):
        array_from_document(tftensor([(1 << 63) - 1] * 200_000))
    assert time.monotonic() - began < 5


def test_a_tftensor_message_of_more_dimensions_than_numpy_has_is_the_clients_fault() -> None:
    message: Any = SELDON_MESSAGE()
    message.data.tftensor.dtype = 1
    message.data.tftensor.float_val.append(1)
    for _ in range(MOST_DIMENSIONS + 40):
        message.data.tftensor.tensor_shape.dim.add(size=1)
    with pytest.raises(PayloadInvalid):
        array_from_message(message.data.tftensor)


@pytest.mark.parametrize("depth", [MOST_DIMENSIONS + 8, 80, 500])
@pytest.mark.parametrize("value", [1.0, 1, None, "a"])
@pytest.mark.parametrize("width", [1, 12])
def test_lists_nested_too_deeply_are_the_clients_fault(depth: int, value: object, width: int) -> None:
    rows = value
    for _ in range(depth):
        rows = [rows]
    with pytest.raises(PayloadInvalid):
        array_of([rows] * width)


def test_lists_nested_too_deeply_are_the_clients_fault_over_grpc_too() -> None:
    message: Any = SELDON_MESSAGE()
    values = message.data.ndarray.values.add()
    for _ in range(45):
        values = values.list_value.values.add()
    with pytest.raises(PayloadInvalid):
        decode(message.SerializeToString())


@pytest.mark.parametrize("short", ["", 1, 1.5, True, ["", ""]])
def test_short_texts_beside_a_long_one_do_not_take_its_room(short: object) -> None:
    long = "x" * 300_000 if not isinstance(short, list) else ["x" * 300_000, ""]
    with pytest.raises(PayloadInvalid, match="send them as jsonData"):
        array_of([long] + [short] * 100_000)


def test_texts_of_one_length_are_an_array_whatever_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "LARGEST_TEXTS", 4 * 3 * 20)
    assert array_of(["abc"] * 20).dtype == "<U3"


def test_a_null_among_texts_makes_objects_which_take_no_more_room() -> None:
    assert array_of([None, "x" * 300_000] + [""] * 100_000).dtype == object


@pytest.mark.parametrize("rows", [[1] * 20, [[1, True]] * 20, [[-(1 << 63), (1 << 63) - 1]] * 20])
def test_integers_are_what_numpy_makes_of_them(rows: list[object]) -> None:
    found, expected = array_of(rows), np.array(rows)
    assert found.dtype == expected.dtype
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("rows", [[1] * 20 + [0.5], [1] * 20 + [1 << 63], [True] * 20, [1] * 20 + ["a"]])
def test_what_begins_with_an_integer_is_what_numpy_makes_of_it(rows: list[object]) -> None:
    found, expected = array_of(rows), np.array(rows)
    assert found.dtype == expected.dtype
    assert found.tolist() == expected.tolist()


def test_a_reward_that_no_float_holds_is_the_clients_fault() -> None:
    # The lenient reader of NaN reads integers of any length.
    document = {"reward": 10**400, "request": {"meta": {"tags": {"nan": float("nan")}}}}
    with pytest.raises(PayloadInvalid, match="reward"):
        JsonRequest(document).feedback()


@pytest.mark.parametrize("kind", ["INT", "FLOAT"])
def test_a_parameter_beyond_its_type_is_named(kind: str) -> None:
    value = float("inf") if kind == "INT" else 10**400
    with pytest.raises(ParametersInvalid, match="rate"):
        parameters_from(json.dumps([{"name": "rate", "value": value, "type": kind}]))


def part(head: str) -> bytes:
    return f"--b\r\nContent-Disposition: form-data; name=strData{head}\r\n\r\na\r\n--b--\r\n".encode()


@pytest.mark.parametrize("head", [";" * 200_000, f"; filename*{'1' * 5000}=a"])
def test_the_head_of_a_part_is_not_parsed_for_minutes(head: str) -> None:
    began = time.monotonic()
    with pytest.raises(PayloadInvalid, match="headers of a part"):
        message_in(b"multipart/form-data; boundary=b", part(head))
    assert time.monotonic() - began < 0.5


def test_a_content_type_is_not_parsed_for_minutes() -> None:
    with pytest.raises(PayloadInvalid, match="content type"):
        message_in(b"multipart/form-data" + b";" * LONGEST_HEAD + b"; boundary=b", part(""))


def test_clients_cannot_fill_the_memory_with_names_of_columns() -> None:
    encode._kept.cache_clear()
    encode._names(None, (1, encode.MOST_KEPT + 1))
    assert encode._kept.cache_info().currsize == 0
