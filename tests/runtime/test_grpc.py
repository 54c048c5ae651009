"""A real server over gRPC."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2, json_format
from seldon_runtime.grpc.health import NOT_SERVING, SERVING, Health
from seldon_runtime.proto.messages import FEEDBACK, SELDON_MESSAGE, SELDON_MESSAGE_LIST, message_class

from tests.runtime.grpc_served import CHECK, PREDICT, GrpcServer, end, serving_grpc, start_grpc
from tests.served import output_of_failure

MODEL = """
import threading, time
import numpy as np

class SeldonMicroserviceException(Exception):
    def __init__(self, message, status_code=400):
        self.message, self.status_code, self.reason = message, status_code, "WHY"

class Model:
    def __init__(self):
        self.calls, self.done = 0, []

    def predict(self, X, names, meta=None):
        self.calls += 1
        if isinstance(X, dict):
            return getattr(self, X["call"])(*X.get("with", []))
        return X * 2 if isinstance(X, np.ndarray) else X

    def count(self):
        return {"calls": self.calls}

    def sleep(self, seconds):
        self.done.append(seconds)
        time.sleep(seconds)
        return {"thread": threading.current_thread().name}

    def finished(self):
        return {"done": self.done}

    def wrong(self, text):
        raise ValueError(text)

    def confused(self):
        return len(3)

    def mojibake(self):
        raise ValueError(chr(0xD800))

    def leave(self):
        raise SystemExit(3)

    def nonsense(self):
        return object()

    def refuse(self, status):
        raise SeldonMicroserviceException("not you", int(status))

    def large(self, size):
        return b"x" * int(size)

    def transform_output(self, X, names):
        return X + 1

    def route(self, X, names):
        return 1

    def aggregate(self, Xs, names):
        return sum(Xs)

    def send_feedback(self, X, names, reward, truth, routing=None):
        return [[reward, routing]]

    def tags(self):
        return {"a": 1}

    def init_metadata(self):
        return {"name": "mine", "versions": ["1"], "inputs": [{"messagetype": "strData"}]}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrpcServer]:
    with serving_grpc(tmp_path_factory.mktemp("model"), MODEL) as running:
        yield running


def call(name: str, *arguments: object) -> dict[str, object]:
    return {"jsonData": {"call": name, "with": list(arguments)}}


def told(message: Any) -> dict[str, Any]:
    return json_format.MessageToDict(message)


ROW = {"data": {"names": ["x", "y"], "ndarray": [[1, 2]]}}


@pytest.mark.parametrize("service", ["Model", "Seldon"])
def test_predict_answers_in_the_kind_of_the_request(server: GrpcServer, service: str) -> None:
    path = f"/seldon.protos.{service}/Predict"
    tensor = {"data": {"tensor": {"shape": [1, 2], "values": [1, 2]}}, "meta": {"puid": "p"}}

    assert told(server.ask(ROW, path))["data"] == {"names": ["t:0", "t:1"], "ndarray": [[2.0, 4.0]]}
    assert told(server.ask(tensor, path)) == {
        "data": {"names": ["t:0", "t:1"], "tensor": {"shape": [1, 2], "values": [2.0, 4.0]}},
        "meta": {"puid": "p", "tags": {"a": 1.0}},
    }


def test_a_message_of_any_type_is_passed_through(server: GrpcServer) -> None:
    asked: Any = SELDON_MESSAGE()
    asked.customData.Pack(any_pb2.Any(value=b"12"))

    assert server.ask(asked).customData == asked.customData


@pytest.mark.parametrize("service", ["Generic", "Transformer"])
def test_a_transform_that_is_not_written_changes_nothing(server: GrpcServer, service: str) -> None:
    assert told(server.ask(ROW, f"/seldon.protos.{service}/TransformInput"))["data"]["ndarray"] == [[1, 2]]


@pytest.mark.parametrize("service", ["Generic", "OutputTransformer"])
def test_the_output_is_transformed(server: GrpcServer, service: str) -> None:
    assert told(server.ask(ROW, f"/seldon.protos.{service}/TransformOutput"))["data"]["ndarray"] == [[2, 3]]


@pytest.mark.parametrize("service", ["Generic", "Router"])
def test_a_route_is_a_number_in_a_table(server: GrpcServer, service: str) -> None:
    assert told(server.ask(ROW, f"/seldon.protos.{service}/Route"))["data"]["ndarray"] == [[1]]


@pytest.mark.parametrize("service", ["Generic", "Combiner"])
def test_several_messages_are_aggregated(server: GrpcServer, service: str) -> None:
    asked = json_format.ParseDict({"seldonMessages": [ROW, ROW]}, SELDON_MESSAGE_LIST())

    assert told(server.ask(asked, f"/seldon.protos.{service}/Aggregate"))["data"]["ndarray"] == [[2, 4]]


@pytest.mark.parametrize("service", ["Generic", "Model", "Router", "Seldon"])
def test_feedback_arrives(server: GrpcServer, service: str) -> None:
    asked = json_format.ParseDict(
        {"request": ROW, "reward": 0.5, "response": {"meta": {"routing": {"0": 2}}}}, FEEDBACK()
    )

    assert told(server.ask(asked, f"/seldon.protos.{service}/SendFeedback"))["data"]["ndarray"] == [[0.5, 2]]


@pytest.mark.parametrize("path", ["/seldon.protos.Model/Metadata", "/seldon.protos.Seldon/ModelMetadata"])
def test_metadata_is_told(server: GrpcServer, path: str) -> None:
    found: Any = message_class("seldon.protos.SeldonModelMetadata").FromString(server.call(path))

    assert (found.name, list(found.versions), found.inputs[0].messagetype) == ("mine", ["1"], "strData")


@pytest.mark.parametrize(
    ("message", "code", "says"),
    [
        (call("wrong", "no such thing"), "INTERNAL", "no such thing"),
        (call("confused"), "INTERNAL", "object of type 'int' has no len()"),
        (call("mojibake"), "INTERNAL", "?"),
        (call("leave"), "INTERNAL", "3"),
        (call("nonsense"), "INTERNAL", "the model returned object; it must return"),
        (call("refuse", 403), "PERMISSION_DENIED", "not you"),
        (call("refuse", 422), "INVALID_ARGUMENT", "not you"),
        (call("refuse", 503), "UNAVAILABLE", "not you"),
        (call("refuse", 500), "INTERNAL", "not you"),
        ({}, "INVALID_ARGUMENT", "holds none of"),
        ({"data": {"ndarray": [[1], [1, 2]]}}, "INVALID_ARGUMENT", "differ in length"),
        ({"data": {"tensor": {"shape": [3], "values": [1]}}}, "INVALID_ARGUMENT", "do not fill shape"),
        ({"data": {"tftensor": {"dtype": "DT_VARIANT"}}}, "INVALID_ARGUMENT", "dtype 21"),
    ],
)
def test_what_goes_wrong_is_told_with_code_and_message(
    server: GrpcServer, message: dict[str, Any], code: str, says: str
) -> None:
    found, details = server.refusal(message)

    assert (found, says in details) == (code, True), details


def test_a_message_longer_than_a_header_is_cut(server: GrpcServer) -> None:
    code, details = server.refusal(call("wrong", "é" * 5000))

    assert (code, 500 < len(details) < 2000, set(details)) == ("INTERNAL", True, {"é"})


def test_a_model_that_confuses_types_is_called_once(server: GrpcServer) -> None:
    before = server.ask(call("count")).jsonData.struct_value.fields["calls"].number_value
    server.refusal(call("confused"))
    after = server.ask(call("count")).jsonData.struct_value.fields["calls"].number_value

    assert after - before == 2


def refused(server: GrpcServer, path: str, body: bytes = b"") -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as caught:
        server.call(path, body)
    return caught.value.code().name, str(caught.value.details())


@pytest.mark.parametrize("method", ["Model/Predict", "Combiner/Aggregate", "Router/SendFeedback"])
@pytest.mark.parametrize("body", [b"\xff\xff", b"\x1a\x05\x1a", b"GET / HTTP/1.1"])
def test_bytes_that_are_no_message_are_refused(server: GrpcServer, method: str, body: bytes) -> None:
    code, details = refused(server, f"/seldon.protos.{method}", body)

    assert (code, "the request is no" in details) == ("INVALID_ARGUMENT", True), details


@pytest.mark.parametrize(
    "path",
    ["/seldon.protos.Seldon/GraphMetadata", "/seldon.protos.Model/Route", "/seldon.protos.None/Predict"],
)
def test_what_is_not_served_is_unimplemented(server: GrpcServer, path: str) -> None:
    assert refused(server, path)[0] == "UNIMPLEMENTED"


def test_a_method_that_the_model_lacks_is_unimplemented(tmp_path: Path) -> None:
    with serving_grpc(
        tmp_path, "class Model:\n    def transform_input(self, X, names): return X\n"
    ) as server:
        code, details = refused(
            server, "/seldon.protos.Router/Route", SELDON_MESSAGE(strData="x").SerializeToString()
        )

        assert (code, details) == ("UNIMPLEMENTED", "Model does not define route()")


def test_the_model_lives_on_its_own_thread(server: GrpcServer) -> None:
    over_grpc = told(server.ask(call("sleep", 0)))["jsonData"]["thread"]

    assert (
        over_grpc
        == server.ask(call("sleep", 0)).jsonData.struct_value.fields["thread"].string_value
        == "model_0"
    )


def asking(server: GrpcServer, pool: ThreadPoolExecutor, seconds: float, **options: Any) -> Any:
    asked = pool.submit(server.ask, call("sleep", seconds), **options)
    time.sleep(0.15)
    return asked


def test_health_and_metadata_do_not_queue_behind_the_model(server: GrpcServer) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = asking(server, pool, 0.6)
        began = time.monotonic()
        server.call(CHECK)
        server.call("/seldon.protos.Model/Metadata")
        took = time.monotonic() - began

        assert (took < 0.3, asked.done()) == (True, False)
        asked.result()


def test_a_request_whose_deadline_passed_while_it_waited_is_not_run(server: GrpcServer) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = asking(server, pool, 0.6)
        code, _ = server.refusal(call("sleep", 0.012), timeout=0.2)
        asked.result()

    assert code == "DEADLINE_EXCEEDED"
    assert 0.012 not in told(server.ask(call("finished")))["jsonData"]["done"]


def test_a_client_that_takes_its_time_to_send_keeps_nobody_waiting(server: GrpcServer) -> None:
    enough = threading.Event()

    def slowly() -> Iterator[bytes]:
        enough.wait(10)
        yield SELDON_MESSAGE(strData="late").SerializeToString()

    slow = [server.channel.stream_unary(PREDICT).future(slowly(), timeout=20) for _ in range(3)]
    time.sleep(0.2)
    answer = server.ask({"strData": "quick"}, timeout=2).strData
    enough.set()

    assert answer == "quick"
    assert [SELDON_MESSAGE.FromString(call.result()).strData for call in slow] == ["late"] * 3  # type: ignore[attr-defined]


def test_calls_are_counted(server: GrpcServer) -> None:
    import urllib.request

    server.ask(ROW)
    server.refusal(call("wrong", "counted"))
    with urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics") as found:
        text = found.read().decode()
    lines = [line for line in text.splitlines() if 'protocol="grpc"' in line]

    assert any('code="OK"' in line and 'method="predict"' in line for line in lines)
    assert any('code="INTERNAL"' in line for line in lines)
    assert [line for line in lines if "flight" in line and not line.endswith(" 0.0")] == []


def test_a_model_that_raises_leaves_a_traceback_in_the_log(tmp_path: Path) -> None:
    with serving_grpc(tmp_path, MODEL) as server:
        server.refusal(call("wrong", "see the log"))
        said = end(server)

    assert "ValueError: see the log" in said
    assert "in wrong" in said


LOADING = """
import pathlib, time

class Model:
    def load(self):
        while not pathlib.Path("go").exists():
            time.sleep(0.01)
    def predict(self, X, names):
        return X
"""


def test_a_server_that_still_loads_says_so_at_once(tmp_path: Path) -> None:
    server = start_grpc(tmp_path, LOADING)
    check = server.channel.unary_unary(CHECK)
    early = check(b"", wait_for_ready=True, timeout=20)
    alive = check(b"\x0a\x08liveness")
    watched = iter(server.channel.unary_stream("/grpc.health.v1.Health/Watch")(b""))
    seen = [next(watched)]
    refusals = [server.refusal({"strData": "x"}), refused(server, "/seldon.protos.Model/Metadata")]
    (tmp_path / "go").touch()
    seen.append(next(watched))
    answer = server.ask({"strData": "x"}).strData
    code, _ = server.stop()
    seen += watched
    end(server)

    assert (early, alive) == (b"\x08\x02", b"\x08\x01")
    assert [code for code, _ in refusals] == ["UNAVAILABLE", "UNAVAILABLE"]
    assert seen == [b"\x08\x02", b"\x08\x01", b"\x08\x02"]
    assert (answer, code) == ("x", 0)


def test_who_hears_of_serving_while_the_end_begins_hears_of_the_end_too() -> None:
    health, over = Health(()), threading.Event()
    heard: list[bytes | None] = []

    class Call:
        def add_callback(self, _: object) -> bool:
            return True

    def send(said: bytes | None) -> None:
        heard.append(said)
        if said == SERVING:
            health.end()
        if said is None:
            over.set()

    watch: Any = health.handlers()["/grpc.health.v1.Health/Watch"]
    watch.unary_stream(b"", Call(), send)
    health.begin()

    assert over.wait(10)
    assert heard == [NOT_SERVING, SERVING, NOT_SERVING, None]


def test_the_health_of_a_service_that_is_not_served_is_unknown(server: GrpcServer) -> None:
    request = b"\x0a\x04none"

    assert refused(server, CHECK, request) == ("NOT_FOUND", "there is no service none")
    assert next(server.channel.unary_stream("/grpc.health.v1.Health/Watch")(request)) == b"\x08\x03"
    assert server.call(CHECK, b"\x0a\x13seldon.protos.Model") == b"\x08\x01"
    assert refused(server, CHECK, b"\xff")[0] == "INVALID_ARGUMENT"


def test_a_limit_of_time_holds(tmp_path: Path) -> None:
    with serving_grpc(tmp_path, MODEL, {"SELDON_TIMEOUT_SECONDS": "0.3"}) as server:
        began = time.monotonic()
        code, details = server.refusal(call("sleep", 0.8))
        took = time.monotonic() - began

        assert (code, took < 0.7, "SELDON_TIMEOUT_SECONDS" in details) == ("DEADLINE_EXCEEDED", True, True)
        time.sleep(0.6)
        assert server.ask({"strData": "again"}).strData == "again"


def test_more_than_may_wait_are_refused_at_once(tmp_path: Path) -> None:
    with serving_grpc(tmp_path, MODEL, {"SELDON_MAX_WAITING": "2"}) as server, ThreadPoolExecutor(12) as pool:
        first = asking(server, pool, 1.0)
        began = time.monotonic()
        others = [pool.submit(try_to_ask, server) for _ in range(10)]
        codes = [future.result() for future in others]
        took_of_refused = (
            min(seconds for code, seconds in codes if code != "OK") - began + time.monotonic() * 0
        )
        first.result()

    assert {code for code, _ in codes} == {"OK", "RESOURCE_EXHAUSTED"}
    assert took_of_refused < 0.5


def try_to_ask(server: GrpcServer) -> tuple[str, float]:
    try:
        server.ask({"strData": "x"})
    except grpc.RpcError as error:
        return error.code().name, time.monotonic()
    return "OK", time.monotonic()


def test_sixteen_threads_wait_side_by_side(tmp_path: Path) -> None:
    with (
        serving_grpc(tmp_path, MODEL, {"GUNICORN_THREADS": "16"}) as server,
        ThreadPoolExecutor(16) as pool,
    ):
        began = time.monotonic()
        asked = [pool.submit(server.ask, call("sleep", 0.4)) for _ in range(16)]
        threads = {told(future.result())["jsonData"]["thread"] for future in asked}
        took = time.monotonic() - began

    assert (len(threads), took < 0.8) == (16, True)


ASYNC = """
import asyncio, threading

class Model:
    async def predict(self, X, names):
        if isinstance(X, str) and X == "fail":
            raise ValueError("awaited in vain")
        await asyncio.sleep(0.4)
        return threading.current_thread().name
"""


def test_async_methods_are_awaited_together(tmp_path: Path) -> None:
    with serving_grpc(tmp_path, ASYNC) as server, ThreadPoolExecutor(40) as pool:
        began = time.monotonic()
        asked = [pool.submit(server.ask, {"strData": "x"}) for _ in range(40)]
        threads = {future.result().strData for future in asked}
        took = time.monotonic() - began

        assert (threads, took < 1.5) == ({"MainThread"}, True)
        assert server.refusal({"strData": "fail"}) == ("INTERNAL", "awaited in vain")


def test_an_async_method_stops_when_its_client_leaves(tmp_path: Path) -> None:
    code = """
    import asyncio, pathlib

    class Model:
        async def predict(self, X, names):
            try:
                await asyncio.sleep(20)
            except asyncio.CancelledError:
                pathlib.Path("cancelled").touch()
                raise
    """
    with serving_grpc(tmp_path, code) as server:
        assert server.refusal({"strData": "x"}, timeout=0.3)[0] == "DEADLINE_EXCEEDED"
        time.sleep(0.3)
        assert (tmp_path / "cancelled").exists()


def test_inline_runs_on_the_loop(tmp_path: Path) -> None:
    with serving_grpc(tmp_path, MODEL, {"SELDON_INLINE": "1"}) as server:
        assert told(server.ask(call("sleep", 0)))["jsonData"]["thread"] == "MainThread"
        assert server.refusal(call("wrong", "inline")) == ("INTERNAL", "inline")


def test_a_strict_service_type_leaves_only_its_methods(tmp_path: Path) -> None:
    variables = {"SELDON_STRICT_SERVICE_TYPE": "1", "SERVICE_TYPE": "ROUTER"}
    with serving_grpc(tmp_path, MODEL, variables) as server:
        assert told(server.ask(ROW, "/seldon.protos.Router/Route"))["data"]["ndarray"] == [[1]]
        assert server.refusal(ROW)[0] == "UNIMPLEMENTED"
        assert server.call("/seldon.protos.Model/Metadata")


def test_passthrough_hands_over_bytes_and_takes_them_back(tmp_path: Path) -> None:
    code = "class Model:\n    def predict(self, X, names, meta=None):\n        return X[::-1]\n"
    with serving_grpc(tmp_path, code, {"PAYLOAD_PASSTHROUGH": "true"}) as server:
        body = bytes(range(256)) * 4096

        assert server.call(PREDICT, body) == body[::-1]
        assert told(server.ask(ROW, "/seldon.protos.Model/SendFeedback"))["data"] is not None


@pytest.mark.parametrize("name", ["SELDON_MAX_BODY_BYTES", "SELDON_GRPC_MAX_MESSAGE_BYTES"])
def test_messages_have_a_largest_size_both_ways(tmp_path: Path, name: str) -> None:
    with serving_grpc(tmp_path, MODEL, {name: "100000"}) as server:
        assert server.refusal({"strData": "x" * 100_000})[0] == "RESOURCE_EXHAUSTED"
        assert server.refusal(call("large", 200_000))[0] == "RESOURCE_EXHAUSTED"
        assert len(server.ask({"strData": "x" * 90_000}).strData) == 90_000


def test_large_messages_pass_by_default(server: GrpcServer) -> None:
    assert len(server.ask(call("large", 50_000_000)).binData) == 50_000_000


@pytest.mark.parametrize("variables", [{"GRPC_WORKERS": "0"}, {"API_TYPE": "REST"}])
def test_grpc_is_not_served_where_nobody_wants_it(tmp_path: Path, variables: dict[str, str]) -> None:
    from tests.served import serving

    with serving(tmp_path, MODEL, variables) as server:
        channel: Any = grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}")
        with pytest.raises(grpc.RpcError) as failed:
            channel.unary_unary(CHECK)(b"", timeout=5)
        channel.close()

    assert failed.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_that_is_taken_is_named(tmp_path: Path, shared: bool) -> None:
    import socket

    with socket.socket() as taken:
        # Were it only to share the port as well, half of the calls would go elsewhere.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        found, said = output_of_failure(tmp_path, MODEL, {"PREDICTIVE_UNIT_GRPC_SERVICE_PORT": port})

    assert (found, f"Port {port} cannot be opened" in said) == (67, True), said
    assert "PREDICTIVE_UNIT_GRPC_SERVICE_PORT" in said


def test_every_worker_of_gunicorn_takes_calls(tmp_path: Path) -> None:
    code = "import os\nclass Model:\n    def predict(self, X, names):\n        return str(os.getpid())\n"
    with serving_grpc(tmp_path, code, {"GUNICORN_WORKERS": "2"}) as server:
        workers = set()
        for _ in range(40):
            channel: Any = grpc.insecure_channel(
                f"127.0.0.1:{server.grpc_port}", [("grpc.use_local_subchannel_pool", 1)]
            )
            asked = SELDON_MESSAGE(strData="x").SerializeToString()
            workers.add(SELDON_MESSAGE.FromString(channel.unary_unary(PREDICT)(asked)).strData)  # type: ignore[attr-defined]
            channel.close()
        code_of_exit, _ = server.stop()

    assert (len(workers), code_of_exit) == (2, 0)
