"""seldon-core's own clients, from PyPI, against our server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.peer import QUIET, environment, run_with_seldon_core
from tests.served import Server, serving

pytestmark = pytest.mark.network
CALL = Path(__file__).with_name("call_with_seldon_client.py")
MODEL = """
import numpy as np

class Model:
    asked = 0

    def predict(self, X, names):
        self.asked += 1
        if isinstance(X, np.ndarray):
            return X * 2
        return X[::-1] if isinstance(X, (str, bytes)) else {"got": X}

    def transform_input(self, X, names):
        self.asked += 1
        return X + 1

    def transform_output(self, X, names):
        return X - 1

    def route(self, X, names):
        return int(X[0][0])

    def aggregate(self, Xs, names):
        return sum(Xs)

    def send_feedback(self, X, names, reward, truth, routing=None):
        self.asked += 1
        return [reward]

    def class_names(self):
        return ["one", "two"]

    def tags(self):
        return {"asked": self.asked}
"""
CONTRACT = {
    "features": [
        {"name": "length", "dtype": "FLOAT", "ftype": "continuous", "range": [0, "inf"]},
        {"name": "width", "dtype": "INT", "ftype": "continuous", "range": [0, 9], "repeat": 2},
    ],
    "targets": [{"name": "kind", "dtype": "FLOAT", "ftype": "continuous", "range": [0, 1]}],
}
ROW, NAMES = [[1.0, 2.0]], ["a", "b"]


def calls() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield the name, the call and the payload of its answer."""
    transports, kinds = ("rest", "grpc"), ("tensor", "ndarray")
    wanted = {
        "predict": [2.0, 4.0],
        "transform-input": [2.0, 3.0],
        "transform-output": [0.0, 1.0],
        "route": [1.0],
    }
    for transport, kind, (method, values) in product(transports, kinds, wanted.items()):
        call = {"method": method, "payload_type": kind, "data": ROW, "names": NAMES}
        yield f"{method} {kind} {transport}", {**call, "transport": transport}, array(kind, values)
    for transport, kind in product(transports, kinds):
        call = {"method": "aggregate", "payload_type": kind, "datas": [ROW, ROW, ROW], "names": NAMES}
        yield f"aggregate {kind} {transport}", {**call, "transport": transport}, array(kind, [3.0, 6.0])
    for transport in transports:
        call = {"method": "predict", "transport": transport}
        yield f"text {transport}", {**call, "str_data": "abc"}, {"strData": "cba"}
        yield f"bytes {transport}", {**call, "bin_data": "AP8="}, {"binData": "/wA="}
        yield f"json {transport}", {**call, "json_data": {"a": [1]}}, {"jsonData": {"got": {"a": [1.0]}}}
        yield (
            f"feedback {transport}",
            {**call, "method": "feedback"},
            {"data": {"tensor": {"shape": [1], "values": [0.5]}}},
        )


def array(kind: str, values: list[float]) -> dict[str, Any]:
    shape = [1, len(values)]
    payload: dict[str, dict[str, Any]] = {
        "tensor": {"tensor": {"shape": shape, "values": values}},
        "ndarray": {"ndarray": [values]},
    }
    return {"data": {"names": ["one", "two"], **payload[kind]}}


CALLS = {name: (call, wanted) for name, call, wanted in calls()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("model"), MODEL) as server:
        yield server


@pytest.fixture(scope="module")
def answers(server: Server) -> Mapping[str, Any]:
    told = {
        "rest": f"127.0.0.1:{server.port}",
        "grpc": f"127.0.0.1:{server.grpc_port}",
        "calls": {name: call for name, (call, _) in CALLS.items()},
    }
    found: Mapping[str, Any] = run_with_seldon_core(CALL, asked=told)
    return found


@pytest.mark.parametrize("name", CALLS)
def test_seldon_client_gets_its_answer(name: str, answers: Mapping[str, Any]) -> None:
    answer, (_, wanted) = answers[name], CALLS[name]

    assert answer["success"], answer["said"]
    assert {key: value for key, value in answer["response"].items() if key != "meta"} == wanted
    assert answer["response"]["meta"]["tags"].keys() == {"asked"}


@pytest.mark.parametrize("payload", [[], ["-t"]], ids=["ndarray", "tensor"])
@pytest.mark.parametrize("transport", ["rest", "grpc"])
@pytest.mark.parametrize("endpoint", ["predict", "send-feedback", "transform-input"])
def test_the_tester_accepts_every_answer(
    endpoint: str, transport: str, payload: list[str], server: Server, tmp_path: Path
) -> None:
    contract = tmp_path / "contract.json"
    contract.write_text(json.dumps(CONTRACT))
    port = server.grpc_port if transport == "grpc" else server.port
    before = asked(server)
    arguments = [contract, "127.0.0.1", port, "-p", "-n", "2", "-b", "3", "--endpoint", endpoint, *payload]
    grpc = ["--grpc"] if transport == "grpc" else []
    ran = subprocess.run(
        [environment() / "seldon-core-microservice-tester", *map(str, arguments), *grpc],
        env=QUIET,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert "RECEIVED RESPONSE:" in ran.stdout
    assert "Success:False" not in ran.stdout
    assert "FAILURE" not in ran.stdout
    assert asked(server) - before == {"predict": 2, "send-feedback": 4, "transform-input": 2}[endpoint]


def asked(server: Server) -> int:
    tags = server.request("GET", "/health/status").json["meta"]["tags"]
    return int(tags["asked"])
