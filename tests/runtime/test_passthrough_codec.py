"""What predict is handed, and what becomes of its answer, where bodies pass through."""

from __future__ import annotations

import json

import numpy as np
import pytest
from seldon_runtime.message import Answer, Kind, Message
from seldon_runtime.passthrough.codec import Passthrough
from seldon_runtime.passthrough.plugin import load, seldon_runtime
from seldon_runtime.request_errors import AnswerInvalid, PayloadInvalid

CODEC = Passthrough()


@pytest.mark.parametrize(("value", "active"), [("true", True), ("1", True), ("0", False), ("", False)])
def test_it_takes_part_where_it_is_asked_for(value: str, active: bool) -> None:
    assert seldon_runtime({"PAYLOAD_PASSTHROUGH": value}).active is active


def test_predict_gets_the_bytes_no_names_and_an_empty_meta() -> None:
    request = CODEC.request(b"\x00\xff", "text/csv")

    assert request.message() == Message(b"\x00\xff", Kind.BYTES, [], {})


def test_a_raw_method_gets_the_bytes_whatever_its_annotation_says() -> None:
    assert CODEC.request(b"\xff", "text/csv").raw(dict) == b"\xff"


def test_a_request_over_grpc_counts_as_protobuf() -> None:
    kinds = [CODEC.request(b"", kind).is_protobuf for kind in ("application/grpc", "text/csv")]

    assert kinds == [True, False]


@pytest.mark.parametrize("method", ["messages", "feedback"])
def test_other_methods_than_predict_refuse_such_a_request(method: str) -> None:
    with pytest.raises(PayloadInvalid, match="only predict"):
        getattr(CODEC.request(b"", ""), method)()


@pytest.mark.parametrize("payload", [b"\xff\x00", bytearray(b"\xff\x00"), memoryview(b"\xff\x00")])
def test_bytes_go_back_as_they_are_with_the_type_of_the_request(payload: object) -> None:
    assert CODEC.encode(Answer(payload), "image/png") == (b"\xff\x00", "image/png")


def test_text_goes_back_as_utf8() -> None:
    assert CODEC.encode(Answer("häm"), "text/plain") == ("häm".encode(), "text/plain")


def test_bytes_of_no_type_are_an_octet_stream() -> None:
    assert CODEC.encode(Answer(b"x"), "") == (b"x", "application/octet-stream")


@pytest.mark.parametrize("payload", [{"a": [1, None]}, [1.5, "x"], {1: {"n": np.arange(3)}}])
def test_a_dict_or_list_goes_back_as_json(payload: object) -> None:
    body, kind = CODEC.encode(Answer(payload), "text/csv")

    assert kind == "application/json"
    assert json.loads(body) == json.loads(json.dumps(payload, default=lambda array: array.tolist()))


@pytest.mark.parametrize("payload", [None, 1.5, np.ones(2), object(), "\ud800", {"a": object()}])
def test_what_is_neither_is_refused_with_its_type(payload: object) -> None:
    with pytest.raises(AnswerInvalid):
        CODEC.encode(Answer(payload), "text/csv")


def test_the_runtime_loads_the_codec() -> None:
    assert isinstance(load(), Passthrough)
