"""The messages' own pool: whatever protobuf is there, and whoever else registered the same files."""

from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message as Proto
from seldon_runtime.proto.descriptors import FILES
from seldon_runtime.proto.messages import (
    FEEDBACK,
    POOL,
    SELDON_MESSAGE,
    as_class,
    from_json,
    known_class,
    message_class,
    metrics_of,
    to_json,
)
from seldon_runtime.proto.request import ProtoRequest
from seldon_runtime.request_errors import PayloadInvalid

from tests.write_descriptors import compiled

# What a process prints that has a message of the same name in the default pool.
ROUND_TRIP = """
import sys
sys.path.insert(0, {runtimes!r})
from google.protobuf import descriptor_pool, descriptor_pb2
other = descriptor_pb2.FileDescriptorProto(name="proto/prediction.proto", package="seldon.protos")
other.message_type.add(name="SeldonMessage")
descriptor_pool.Default().AddSerializedFile(other.SerializeToString())
import numpy as np
from seldon_runtime.message import Answer, Kind
from seldon_runtime.proto.decode import decode
from seldon_runtime.proto.encode import encode
from seldon_runtime.proto.messages import SELDON_MESSAGE, from_json, to_json
for kind in (Kind.NDARRAY, Kind.TENSOR, Kind.TFTENSOR):
    found = decode(encode(Answer(np.ones((2, 2)), kind, meta={{"tags": {{"a": 1}}}})))
    print(found.kind.value, found.payload.tolist(), found.meta)
print(to_json(from_json(SELDON_MESSAGE, {{"jsonData": {{"a": [1, None]}}}})))
for wrong in (b"\\xff", b"\\x0a\\xff", b"\\x2a\\x01\\xff", b"\\x0b"):
    try:
        decode(wrong)
    except Exception as error:
        print(type(error).__name__)
"""
SAID = """ndarray [[1.0, 1.0], [1.0, 1.0]] {'tags': {'a': 1.0}}
tensor [[1.0, 1.0], [1.0, 1.0]] {'tags': {'a': 1.0}}
tftensor [[1.0, 1.0], [1.0, 1.0]] {'tags': {'a': 1.0}}
{'jsonData': {'a': [1.0, None]}}
PayloadInvalid
PayloadInvalid
PayloadInvalid
PayloadInvalid
"""
RUNTIMES = str(Path(__file__).parents[2] / "runtimes")


def test_the_descriptions_are_those_of_the_proto_files() -> None:
    assert dict(FILES) == dict(compiled())
    assert list(FILES) == list(compiled()), "a file comes after those that it imports"


def other_class(name: str) -> type[Proto]:
    """Return the class of a message from a pool that is not ours."""
    pool = descriptor_pool.DescriptorPool()
    for content in FILES.values():
        pool.Add(descriptor_pb2.FileDescriptorProto.FromString(content))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"seldon.protos.{name}"))


def test_a_message_becomes_another_pools_class() -> None:
    other = other_class("SeldonMessage")
    ours = SELDON_MESSAGE(strData="x")
    theirs: Any = as_class(ours, other)

    assert (type(theirs), theirs.strData) == (other, "x")
    assert as_class(ours, SELDON_MESSAGE) is ours


def test_another_message_is_not_taken_for_it() -> None:
    with pytest.raises(PayloadInvalid, match=r"not the seldon\.protos\.Feedback"):
        as_class(SELDON_MESSAGE(), FEEDBACK)


def test_a_raw_method_gets_the_class_that_it_is_annotated_with() -> None:
    other = other_class("SeldonMessage")
    body = SELDON_MESSAGE(strData="x").SerializeToString()

    assert type(ProtoRequest(body).raw(other)) is other
    assert type(ProtoRequest(body).raw()) is known_class("SeldonMessage")


@pytest.mark.parametrize("wanted", [FEEDBACK, int])
def test_a_raw_method_that_is_annotated_with_something_else_is_told(wanted: type) -> None:
    with pytest.raises(PayloadInvalid, match="the model's method asks for"):
        ProtoRequest(b"").raw(wanted)


def test_a_raw_method_gets_what_its_module_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    other = other_class("SeldonMessage")
    imported = types.SimpleNamespace(SeldonMessage=other)
    monkeypatch.setitem(sys.modules, "seldon_core.proto.prediction_pb2", imported)

    assert type(ProtoRequest(b"").raw()) is other


@pytest.mark.parametrize(
    "document",
    [
        [],
        None,
        "x",
        {"no": 1},
        {"strData": 1},
        {"data": {"tensor": {"shape": ["x"]}}},
        {"jsonData": {1}},
    ],
)
def test_a_document_that_is_no_message_is_refused(document: object) -> None:
    with pytest.raises(PayloadInvalid, match="SeldonMessage"):
        from_json(SELDON_MESSAGE, document)


def test_a_document_becomes_a_message_and_comes_back() -> None:
    document = {
        "meta": {"puid": "p", "tags": {"a": [1.0]}},
        "data": {"names": ["x"], "ndarray": [[1.5, "a"]]},
    }

    assert to_json(from_json(SELDON_MESSAGE, document)) == document


def test_metrics_are_named_by_type() -> None:
    metrics: list[Mapping[str, object]] = [
        {"key": "c", "type": kind, "value": 0.1, "tags": {"a": "b"}} for kind in ("COUNTER", "GAUGE", "TIMER")
    ]

    assert metrics_of(from_json(SELDON_MESSAGE, {"meta": {"metrics": metrics}})) == metrics


def test_every_message_has_a_class() -> None:
    names = [
        f"{file.package}.{message.name}"
        for file in map(descriptor_pb2.FileDescriptorProto.FromString, FILES.values())
        for message in file.message_type
    ]

    assert [message_class(name).DESCRIPTOR.full_name for name in names] == names
    assert all(message_class(name).DESCRIPTOR.file.pool is POOL for name in names)


def round_trip(python: str, variables: Mapping[str, str]) -> str:
    code = ROUND_TRIP.format(runtimes=RUNTIMES)
    done = subprocess.run(
        [python, "-c", code], env=dict(variables), capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return done.stdout


@pytest.mark.parametrize("implementation", ["upb", "python"])
def test_messages_work_beside_others_of_the_same_name(implementation: str) -> None:
    assert round_trip(sys.executable, {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": implementation}) == SAID
