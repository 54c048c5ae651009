"""Stock clients: stubs that protoc generates, reflection, and what happens to them when the server stops."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from seldon_runtime.grpc.services import SERVICES
from seldon_runtime.proto.descriptors import FILES
from seldon_runtime.proto.messages import SELDON_MESSAGE, message_class

from tests.runtime.grpc_served import PREDICT, GrpcServer, serving_grpc
from tests.write_descriptors import PROTOS

ECHO = """
import time

class Model:
    def predict(self, X, names):
        if isinstance(X, str):
            time.sleep(float(X))
        return X
"""
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrpcServer]:
    with serving_grpc(tmp_path_factory.mktemp("model"), ECHO) as running:
        yield running


CLIENT = """
import sys
import grpc
from protos import prediction_pb2 as messages, prediction_pb2_grpc as stubs

channel = grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}")
tensor = messages.Tensor(shape=[2], values=[1, 2])
asked = messages.SeldonMessage(data=messages.DefaultData(tensor=tensor))
print(stubs.ModelStub(channel).Predict(asked).data == asked.data)
print(stubs.GenericStub(channel).TransformInput(asked).data == asked.data)
print(stubs.SeldonStub(channel).ModelMetadata(messages.SeldonModelMetadataRequest()).versions)
"""


def test_generated_stubs_are_understood(server: GrpcServer, tmp_path: Path) -> None:
    (tmp_path / "protos").mkdir()
    # Under another name: "proto" is what other packages call theirs.
    (tmp_path / "protos" / "prediction.proto").write_text((PROTOS / "proto/prediction.proto").read_text())
    places = [f"-I{tmp_path}", f"-I{PROTOS}", f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}"]
    files = [str(path.relative_to(PROTOS)) for path in PROTOS.glob("tensorflow/**/*.proto")]
    compiler = [sys.executable, "-m", "grpc_tools.protoc"]
    subprocess.run([*compiler, *places, "protos/prediction.proto", *files], check=True)
    # In a process of its own: generated modules register their messages for good.
    client = [sys.executable, "-c", CLIENT, str(server.grpc_port)]
    said = subprocess.run(client, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert said.stdout.split() == ["True", "True", "['']"], said.stderr


def test_the_services_are_those_of_the_proto_file() -> None:
    described = descriptor_pb2.FileDescriptorProto.FromString(FILES["proto/prediction.proto"])

    assert {
        service.name: tuple(method.name for method in service.method) for service in described.service
    } == dict(SERVICES)


def test_a_client_without_proto_files_asks_what_is_served(server: GrpcServer) -> None:
    database = ProtoReflectionDescriptorDatabase(server.channel)
    pool = descriptor_pool.DescriptorPool(database)
    services = set(database.get_services())
    predict = pool.FindServiceByName("seldon.protos.Model").FindMethodByName("Predict")

    assert services >= {f"seldon.protos.{service}" for service in SERVICES}
    assert services >= {"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"}
    assert predict.input_type.full_name == "seldon.protos.SeldonMessage"
    assert pool.FindMessageTypeByName("tensorflow.TensorProto").fields_by_name["dtype"].number == 1


def reflected(server: GrpcServer, **asked: Any) -> Any:
    request = message_class("grpc.reflection.v1.ServerReflectionRequest")(host="here", **asked)
    answers = server.channel.stream_stream(REFLECTION)(iter([request.SerializeToString()]))
    (answer,) = [
        message_class("grpc.reflection.v1.ServerReflectionResponse").FromString(body) for body in answers
    ]
    return answer


@pytest.mark.parametrize(
    "symbol", ["seldon.protos.Model.Predict", "seldon.protos.Meta.TagsEntry", "seldon.protos.Meta.puid"]
)
def test_any_symbol_leads_to_its_file_and_what_that_imports(server: GrpcServer, symbol: str) -> None:
    answer = reflected(server, file_containing_symbol=symbol)
    files = list(
        map(
            descriptor_pb2.FileDescriptorProto.FromString,
            answer.file_descriptor_response.file_descriptor_proto,
        )
    )

    assert files[0].name == "proto/prediction.proto"
    assert {file.name for file in files} >= {
        "google/protobuf/any.proto",
        "tensorflow/core/framework/types.proto",
    }
    assert (answer.valid_host, answer.original_request.file_containing_symbol) == ("here", symbol)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"file_containing_symbol": "no.such.Thing"}, 5),
        ({"file_by_filename": "no.proto"}, 5),
        ({"all_extension_numbers_of_type": "no.Type"}, 5),
        ({"file_containing_extension": {"containing_type": "seldon.protos.Meta", "extension_number": 1}}, 5),
        ({}, 3),
    ],
)
def test_what_reflection_does_not_know_is_told(server: GrpcServer, asked: dict[str, Any], code: int) -> None:
    assert reflected(server, **asked).error_response.error_code == code


def test_a_message_without_extensions_says_so(server: GrpcServer) -> None:
    found = reflected(
        server, all_extension_numbers_of_type="seldon.protos.Meta"
    ).all_extension_numbers_response

    assert (found.base_type_name, list(found.extension_number)) == ("seldon.protos.Meta", [])


def ask_until_refused(port: int, keep: bool, answered: list[int], failed: list[str]) -> None:
    """Ask as fast as answers come, on one connection or on many, until the server is gone."""
    body = SELDON_MESSAGE(strData="0").SerializeToString()
    options = [("grpc.use_local_subchannel_pool", 1)]
    channel: Any = grpc.insecure_channel(f"127.0.0.1:{port}", options)
    while True:
        try:
            answered.append(len(channel.unary_unary(PREDICT)(body, timeout=20)))
        except grpc.RpcError as error:
            failed.append(f"{error.code().name}: {error.details()}")
            break
        if not keep:
            channel.close()
            channel = grpc.insecure_channel(f"127.0.0.1:{port}", options)
    channel.close()


@pytest.mark.parametrize("keep", [True, False], ids=["kept connections", "new connections"])
def test_no_call_of_busy_clients_is_lost(tmp_path: Path, keep: bool) -> None:
    answered: list[int] = []
    failed: list[str] = []
    with serving_grpc(tmp_path, ECHO) as server, ThreadPoolExecutor(16) as pool:
        for _ in range(16):
            pool.submit(ask_until_refused, server.grpc_port, keep, answered, failed)
        time.sleep(0.7)
        code, seconds = server.stop()

    assert (code, seconds < 2, len(answered) > 100) == (0, True, True)
    assert [said for said in failed if "refused" not in said] == []


def test_a_busy_server_answers_everybody_before_it_stops(tmp_path: Path) -> None:
    with serving_grpc(tmp_path, ECHO) as server, ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(server.ask, {"strData": "0.4"}) for _ in range(4)]
        time.sleep(0.2)
        code, seconds = server.stop()
        answers = [future.result().strData for future in asked]

    assert (answers, code) == (["0.4"] * 4, 0)
    assert 1.0 < seconds < 3


def test_an_idle_server_stops_within_a_second(tmp_path: Path) -> None:
    with serving_grpc(tmp_path, ECHO) as server:
        server.ask({"strData": "0"})
        code, seconds = server.stop()

    assert (code, seconds < 1) == (0, True)


def test_a_call_that_is_still_being_sent_is_waited_for(tmp_path: Path) -> None:
    began = threading.Event()

    def slowly() -> Iterator[bytes]:
        began.set()
        time.sleep(1.5)
        yield SELDON_MESSAGE(strData="0").SerializeToString()

    with serving_grpc(tmp_path, ECHO, {"SELDON_GRACE_SECONDS": "4"}) as server:
        sent = server.channel.stream_unary(PREDICT).future(slowly(), timeout=20)
        began.wait(5)
        time.sleep(0.2)
        code, _ = server.stop()
        answer: Any = SELDON_MESSAGE.FromString(sent.result())

    assert (answer.strData, code) == ("0", 0)


def test_streams_that_never_end_do_not_keep_the_server(tmp_path: Path) -> None:
    enough = threading.Event()

    def asking() -> Iterator[bytes]:
        enough.wait(20)
        yield b""

    with serving_grpc(tmp_path, ECHO) as server:
        watched = server.channel.unary_stream("/grpc.health.v1.Health/Watch")(b"")
        next(watched)
        reflection = server.channel.stream_stream(REFLECTION)(asking())
        time.sleep(0.2)
        code, seconds = server.stop()
        enough.set()

        assert (code, seconds < 1.5) == (0, True)
        assert list(watched) == [b"\x08\x02"]
        with pytest.raises(grpc.RpcError):
            list(reflection)


def test_what_outlasts_the_grace_period_is_given_up_within_it(tmp_path: Path) -> None:
    with serving_grpc(tmp_path, ECHO, {"SELDON_GRACE_SECONDS": "1"}) as server, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(server.refusal, {"strData": "30"})
        time.sleep(0.3)
        code, seconds = server.stop()

        assert (code, seconds < 1.2) == (66, True)
        assert asked.result()[0] in ("UNAVAILABLE", "CANCELLED")
