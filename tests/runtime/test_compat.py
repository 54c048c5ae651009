"""What models import of seldon-core, where only its stand-in is there."""

# The stand-in is on the path only here and in the server, not for the type checker's other files.
# mypy: allow-untyped-defs, allow-untyped-calls
# ruff: noqa: ARG002
from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf import any_pb2, struct_pb2
from seldon_runtime.codec.json_request import JsonRequest
from seldon_runtime.component.component import Component
from seldon_runtime.component.lookup import find
from seldon_runtime.component.old_imports import COMPAT
from seldon_runtime.component.response import SeldonResponse, unwrapped
from seldon_runtime.component.unit import Unit
from seldon_runtime.metrics.recorder import Recorder
from seldon_runtime.proto import messages
from seldon_runtime.request_errors import ModelRefused

from tests.served import RUNTIMES, serving

ROW = {"data": {"ndarray": [[1.0, 2.0]]}}


@pytest.fixture(scope="module", autouse=True)
def stand_in() -> Iterator[None]:
    sys.path.append(COMPAT)
    yield
    sys.path.remove(COMPAT)


def module(name: str) -> Any:
    return import_module(f"seldon_core{name}")


def said_by(code: str) -> str:
    """Run ``code`` beside the stand-in in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env={"PYTHONPATH": f"{RUNTIMES}:{COMPAT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "line",
    [
        "from seldon_core import Storage, __version__",
        "from seldon_core.user_model import SeldonComponent, SeldonResponse, SeldonNotImplementedError",
        "from seldon_core.user_model import SeldonMicroserviceException",
        "from seldon_core.flask_utils import SeldonMicroserviceException",
        "from seldon_core.microservice import SeldonMicroserviceException, parse_parameters",
        "from seldon_core.metrics import create_counter, create_gauge, create_timer, validate_metrics",
        "from seldon_core.storage import Storage",
        "import seldon_core.proto.prediction_pb2 as pb; pb.Metric.COUNTER, pb.Status.SUCCESS",
        "from seldon_core.proto.prediction_pb2 import SeldonMessage, DefaultData, Tensor, Feedback, Meta",
        "from seldon_core.proto import prediction_pb2, prediction_pb2_grpc; prediction_pb2_grpc.ModelStub",
        "from seldon_core.utils import *; json_to_seldon_message, array_to_grpc_datadef, np",
        "from seldon_core.utils import extract_request_parts, construct_response, get_data_from_proto",
    ],
)
def test_the_imports_of_models_work(line: str) -> None:
    assert said_by(line) == ""


def test_the_base_class_costs_no_numpy_and_no_protobuf() -> None:
    code = """
    import sys, seldon_core.user_model, seldon_core.flask_utils, seldon_core.metrics
    print([name for name in ("numpy", "google.protobuf", "grpc", "flask") if name in sys.modules])
    """

    assert said_by(code) == "[]\n"


def test_what_the_base_class_has_counts_as_absent() -> None:
    class Model(module(".user_model").SeldonComponent):  # type: ignore[misc]  # imported at run time
        pass

    inherited = [name for name in dir(Model) if not name.startswith("_")]

    assert [name for name in inherited if find(Model(other=1), name)] == []
    assert Component(Model(), Unit(), Recorder(Unit())).methods["transform_input"]


def test_a_component_may_ask_its_base_class(tmp_path: Path) -> None:
    code = """
    from seldon_core.user_model import SeldonComponent, SeldonNotImplementedError

    class Model(SeldonComponent):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            super().load()

        def load(self):
            super().load()

        def tags(self):
            return super().tags()

        def predict(self, X, names, meta=None):
            return super().predict(X, names)

        def predict_raw(self, msg):
            raise SeldonNotImplementedError("predict_raw is not for me")
    """
    with serving(tmp_path, code) as server:
        reply = server.ask(ROW)

    assert (reply.status, reply.json["status"]["info"]) == (400, "predict is not implemented")


def test_a_refusal_reaches_the_client_with_its_status() -> None:
    class Model:
        def predict(self, x):
            raise module(".flask_utils").SeldonMicroserviceException(
                "too cold", status_code=418, reason="TEA"
            )

    predict = Component(Model(), Unit(), Recorder(Unit())).methods["predict"]
    with pytest.raises(ModelRefused, match="too cold") as caught:
        predict.call(JsonRequest(ROW))

    assert (caught.value.status, caught.value.reason) == (418, "TEA")


def test_a_refusal_says_itself() -> None:
    error = module(".flask_utils").SeldonMicroserviceException("no", payload={"a": 1})

    assert str(error) == "no"
    assert error.status_code == 400
    assert error.to_dict() == {
        "status": {"status": 1, "info": "no", "code": -1, "reason": "MICROSERVICE_BAD_DATA"}
    }


def test_a_response_is_the_runtimes_own() -> None:
    response = module(".user_model").SeldonResponse.create([1])

    assert type(response) is SeldonResponse
    assert SeldonResponse.create(response) is response
    assert unwrapped(response)[0] == [1]


def test_metrics_are_dicts_that_the_server_takes() -> None:
    metrics = module(".metrics")
    made = [metrics.create_counter("a", 1), metrics.create_gauge("b", 2.5), metrics.create_timer("c", 3)]

    assert made[2] == {"key": "c", "type": "TIMER", "value": 3}
    assert metrics.validate_metrics(made)


@pytest.mark.parametrize("wrong", [{}, "a", [{"key": "a"}], [{"key": "a", "type": "X", "value": 1}], [1]])
def test_what_is_no_metric_is_told(wrong: object) -> None:
    assert not module(".metrics").validate_metrics(wrong)


def test_a_local_path_is_itself(tmp_path: Path) -> None:
    download = module("").Storage.download

    assert download(str(tmp_path)) == download(f"file://{tmp_path}") == str(tmp_path)


def test_files_are_linked_into_a_folder_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "from" / "sub").mkdir(parents=True)
    (tmp_path / "from" / "weights").write_text("w")
    for _ in range(2):
        place = module("").Storage.download(f"file://{tmp_path}/from", f"{tmp_path}/to")

    assert place == f"{tmp_path}/to"
    assert (tmp_path / "to" / "weights").read_text() == "w"
    assert (tmp_path / "to" / "sub").is_symlink()


def test_a_single_file_is_linked_too(tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("w")
    module("").Storage.download(str(tmp_path / "weights"), str(tmp_path / "to"))

    assert (tmp_path / "to" / "weights").read_text() == "w"


@pytest.mark.parametrize("uri", ["s3://bucket/model", "gs://b", "https://there/model.pkl"])
def test_a_bucket_says_what_to_do(uri: str) -> None:
    with pytest.raises(RuntimeError, match="not a local path"):
        module("").Storage.download(uri)


def test_a_path_that_is_missing_is_named() -> None:
    with pytest.raises(RuntimeError, match="/no/such does not exist"):
        module("").Storage.download("file:///no/such")


@pytest.fixture
def pb() -> Any:
    return module(".proto.prediction_pb2")


def test_messages_take_what_protobufs_own_modules_make(pb: Any) -> None:
    packed = any_pb2.Any(value=b"x")

    assert pb.SeldonMessage(jsonData=struct_pb2.Value(string_value="a")).jsonData.string_value == "a"
    assert pb.SeldonMessage(customData=packed).customData == packed


def test_messages_are_those_of_the_server_byte_by_byte(pb: Any) -> None:
    ours = pb.SeldonMessage(data=pb.DefaultData(tensor=pb.Tensor(shape=[1], values=[2.0])))
    servers = messages.as_class(ours, messages.SELDON_MESSAGE)

    assert servers.SerializeToString() == ours.SerializeToString()
    assert messages.as_class(servers, pb.SeldonMessage) == ours


def test_an_unknown_message_is_an_attribute_error(pb: Any) -> None:
    with pytest.raises(AttributeError, match="NoSuch"):
        _ = pb.NoSuch


def test_a_tensorflow_that_comes_later_is_not_in_the_way() -> None:
    code = """
    from seldon_core.proto import prediction_pb2
    from google.protobuf import descriptor_pb2, descriptor_pool
    file = descriptor_pb2.FileDescriptorProto(
        name="tensorflow/core/framework/tensor.proto", package="tensorflow", syntax="proto3"
    )
    file.message_type.add(name="TensorProto").field.add(name="other", number=1, type=5, label=1)
    descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
    print(prediction_pb2.DefaultData.DESCRIPTOR.fields_by_name["tftensor"].message_type.full_name)
    """

    assert said_by(code) == "seldon_core.tensorflow.TensorProto\n"


def test_a_tensorflow_that_came_before_is_used() -> None:
    code = """
    from google.protobuf import descriptor_pool
    from seldon_runtime.proto.descriptors import FILES
    for name, content in FILES.items():
        if name.startswith("tensorflow/"):
            descriptor_pool.Default().AddSerializedFile(content)
    from seldon_core.proto import prediction_pb2
    print(prediction_pb2.DefaultData.DESCRIPTOR.fields_by_name["tftensor"].message_type.full_name)
    """

    assert said_by(code) == "tensorflow.TensorProto\n"


def test_stubs_and_servicers_speak_with_each_other(pb: Any) -> None:
    services = module(".proto.prediction_pb2_grpc")

    class Model(services.ModelServicer):  # type: ignore[misc, name-defined]  # made at run time
        def Predict(self, request, context):  # noqa: N802 - the protocol's name
            return pb.SeldonMessage(strData=f"{request.strData}!")

    server = grpc.server(ThreadPoolExecutor(1))
    services.add_ModelServicer_to_server(Model(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = services.ModelStub(channel)
            assert stub.Predict(pb.SeldonMessage(strData="hello")).strData == "hello!"
            with pytest.raises(grpc.RpcError, match="UNIMPLEMENTED"):
                stub.SendFeedback(pb.Feedback())
    finally:
        server.stop(None).wait()


@pytest.fixture
def utils() -> Any:
    return module(".utils")


MESSAGES = [
    {"data": {"names": ["a"], "tensor": {"shape": [1, 1], "values": [2.0]}}, "meta": {"puid": "7"}},
    {"data": {"ndarray": [["x", 1.0, None, True]]}},
    {"strData": "text"},
    {"binData": "AAE="},
    {"jsonData": {"a": [1.0, "b"]}},
]


@pytest.mark.parametrize("document", MESSAGES)
def test_messages_and_dicts_are_made_of_each_other(utils: Any, document: dict[str, Any]) -> None:
    assert utils.seldon_message_to_json(utils.json_to_seldon_message(document)) == document
    several = {"seldonMessages": [document]}
    assert utils.seldon_messages_to_json(utils.json_to_seldon_messages(several)) == several
    feedback = {"request": document, "reward": 1.0}
    assert utils.feedback_to_json(utils.json_to_feedback(feedback)) == feedback


def test_a_dict_that_is_no_message_is_refused(utils: Any) -> None:
    with pytest.raises(module(".flask_utils").SeldonMicroserviceException, match="Invalid JSON"):
        utils.json_to_seldon_message({"nonsense": 1})


def test_nothing_is_an_empty_message(utils: Any, pb: Any) -> None:
    assert utils.json_to_seldon_message(None) == pb.SeldonMessage()


@pytest.mark.parametrize(
    ("document", "payload", "kind"),
    [
        ({"strData": "text"}, "text", "strData"),
        ({"binData": "AAE="}, b"\x00\x01", "binData"),
        ({"jsonData": {"a": 1.0}}, {"a": 1.0}, "jsonData"),
        ({"jsonData": "a"}, "a", "jsonData"),
    ],
)
def test_the_parts_of_a_request(utils: Any, document: dict[str, Any], payload: object, kind: str) -> None:
    found = utils.extract_request_parts(utils.json_to_seldon_message(document))

    assert (found[0], found[1], found[3]) == (payload, {}, kind)
    found = utils.extract_request_parts_json(document)
    assert (found[0], found[3]) == (payload, kind)


@pytest.mark.parametrize("kind", ["tensor", "ndarray"])
def test_arrays_come_and_go(utils: Any, kind: str) -> None:
    array = np.array([[1.0, 2.0], [3.0, 4.0]])
    datadef = utils.array_to_grpc_datadef(kind, array, ["a", "b"])
    document = {"data": utils.array_to_rest_datadef(kind, array, ["a", "b"]), "meta": {"puid": "7"}}

    assert datadef.WhichOneof("data_oneof") == kind
    assert list(datadef.names) == ["a", "b"]
    assert utils.grpc_datadef_to_array(datadef).tolist() == array.tolist()
    features, meta, given, found = utils.extract_request_parts_json(document)
    assert (features.tolist(), meta, given, found) == (
        array.tolist(),
        {"puid": "7"},
        document["data"],
        "data",
    )


def test_a_message_without_payload_has_none(utils: Any, pb: Any) -> None:
    with pytest.raises(module(".flask_utils").SeldonMicroserviceException, match="Unknown data"):
        utils.get_data_from_proto(pb.SeldonMessage())


def test_tftensor_without_tensorflow_says_what_it_needs(utils: Any, pb: Any) -> None:
    message = pb.SeldonMessage()
    message.data.tftensor.SetInParent()
    with pytest.raises(module(".flask_utils").SeldonMicroserviceException, match="TensorFlow"):
        utils.get_data_from_proto(message)


def test_the_parts_of_a_feedback(utils: Any) -> None:
    feedback = utils.json_to_feedback({"request": ROW, "truth": {"data": {"ndarray": [3]}}, "reward": 0.5})
    datadef, features, truth, reward = utils.extract_feedback_request_parts(feedback)

    assert datadef == feedback.request.data
    assert (features.tolist(), truth.tolist(), reward) == ([[1.0, 2.0]], [3.0], 0.5)


class Tagging:
    class_names = ("no", "yes")

    def tags(self):
        return {"of": "model"}


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (np.array([[1.0, 2.0]]), {"data": {"names": ["no", "yes"], "ndarray": [[1.0, 2.0]]}}),
        ([["a", "b"]], {"data": {"names": ["no", "yes"], "ndarray": [["a", "b"]]}}),
        ([1.0], {"data": {"ndarray": [1.0]}}),
        ({"a": 1.0}, {"jsonData": {"a": 1.0}}),
        ("text", {"strData": "text"}),
        (b"\x00\x01", {"binData": "AAE="}),
    ],
)
def test_an_answer_is_put_together(utils: Any, returned: object, expected: dict[str, Any]) -> None:
    meta = {"puid": "7", "tags": {"of": "model", "runtime": 1.0}}
    request = {**ROW, "meta": {"puid": "7"}}
    document = utils.construct_response_json(
        Tagging(), False, request, returned, runtime_tags={"runtime": 1.0}
    )
    message = utils.construct_response(
        Tagging(), False, utils.json_to_seldon_message(request), returned, None, None, {"runtime": 1.0}
    )

    assert utils.seldon_message_to_json(message) == {**expected, "meta": meta}
    if "data" in document and not document["data"]["names"]:
        del document["data"]["names"]
    assert document == {**expected, "meta": meta}


def test_numbers_answer_a_text_as_tensor(utils: Any) -> None:
    document = utils.construct_response_json(object(), False, {"strData": "a"}, np.array([[1]]))

    assert document["data"]["tensor"]["values"] == [1]


def test_what_no_message_carries_is_refused(utils: Any) -> None:
    with pytest.raises(module(".flask_utils").SeldonMicroserviceException, match="Unknown data type"):
        utils.construct_response_json(object(), False, ROW, 3.5)


def test_a_custom_answer_is_kept(utils: Any, pb: Any) -> None:
    packed = any_pb2.Any(value=b"x")

    assert utils.construct_response(object(), False, pb.SeldonMessage(), packed).customData == packed


def test_parameters_are_read_as_the_server_reads_them() -> None:
    parse = module(".microservice").parse_parameters

    assert parse([{"name": "size", "value": "3", "type": "INT"}]) == {"size": 3}


def test_a_raw_method_gets_and_gives_the_messages_it_is_annotated_with(
    tmp_path: Path, pb: Any, utils: Any
) -> None:
    code = """
    from google.protobuf.struct_pb2 import Value
    from seldon_core.proto import prediction_pb2
    from seldon_core.utils import get_data_from_proto

    class Model:
        def predict_raw(self, msg: prediction_pb2.SeldonMessage) -> prediction_pb2.SeldonMessage:
            assert type(msg) is prediction_pb2.SeldonMessage, type(msg)
            value = Value(number_value=get_data_from_proto(msg).sum())
            return prediction_pb2.SeldonMessage(jsonData=value)
    """
    with serving(tmp_path, code) as server, grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        stub = module(".proto.prediction_pb2_grpc").ModelStub(channel)
        reply = stub.Predict(utils.json_to_seldon_message(ROW), timeout=10)

    assert reply == pb.SeldonMessage(jsonData=struct_pb2.Value(number_value=3))
