"""How a server is reached from this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from seldon_builder.local.reach import REST_PORT, Reach, grpc_answers, http_answers, ports_here
from seldon_runtime.runtime import Port

from tests.conftest import free_port
from tests.served import start

REST, RPC, METRICS = Port("http", 8080, "H"), Port("grpc", 5000, "G"), Port("metrics", 6000, "M")


@contextmanager
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def numbers(ports: tuple[Port, ...]) -> list[int]:
    return [port.number for port in ports]


def test_rest_gets_the_port_that_is_asked_for_else_the_usual_one() -> None:
    assert numbers(ports_here([REST], 80)) == [80]
    assert numbers(ports_here([REST], 0)) == [REST_PORT]


def test_without_rest_it_is_for_grpc() -> None:
    assert numbers(ports_here([METRICS, RPC], 80, elsewhere=True)) == [6000, 80]


def test_another_port_that_is_taken_gives_way_to_a_free_one() -> None:
    with taken() as used:
        ports = [REST, Port("metrics", used, "M")]
        assert used not in numbers(ports_here(ports, 80))
        assert numbers(ports_here(ports, 80, elsewhere=True)) == [80, used]


def test_one_that_is_free_is_kept() -> None:
    usual = free_port()

    assert numbers(ports_here([Port("grpc", usual, "G"), REST], 0)) == [usual, REST_PORT]


def test_every_port_is_told_by_what_it_is() -> None:
    ports = (METRICS, Port("pigeon", 7, "P"), RPC, REST)
    told = Reach.of("host", ports, {"PREDICTIVE_UNIT_METRICS_ENDPOINT": "/prometheus"}).how_to_ask()

    lines = told.splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["curl", "grpcurl", "its", "pigeon:"]
    assert "http://host:8080/api/v1.0/predictions" in lines[0]
    assert "host:5000 seldon.protos.Seldon/Predict" in lines[1]
    assert lines[2].endswith("http://host:6000/prometheus")


@pytest.mark.parametrize(
    ("kind", "path", "rpc"),
    [
        ("MODEL", "/api/v1.0/predictions", "Seldon/Predict"),
        ("ROUTER", "/route", "Router/Route"),
        ("OUTLIER_DETECTOR", "/transform-input", "Transformer/TransformInput"),
        ("COMBINER", "/aggregate", "Combiner/Aggregate"),
    ],
)
def test_a_component_is_asked_for_what_its_service_type_is_for(kind: str, path: str, rpc: str) -> None:
    rest, grpc = Reach.of("host", (REST, RPC), {"SERVICE_TYPE": kind}).asking()

    assert f"http://host:8080{path} " in rest
    assert grpc.endswith(f"seldon.protos.{rpc}")
    assert ("seldonMessages" in rest) == (kind == "COMBINER")


def test_nothing_answers_where_nothing_listens() -> None:
    port = free_port()

    assert not http_answers("127.0.0.1", port)
    assert not grpc_answers("127.0.0.1", port)
    assert not Reach("127.0.0.1", ()).answers


@pytest.mark.parametrize("api_type", ["REST", "GRPC"])
def test_a_server_answers_once_its_model_is_loaded(tmp_path: Path, api_type: str) -> None:
    code = "import time\nclass Model:\n    def load(self):\n        time.sleep(1.5)\n"
    rpc = free_port()
    server = start(tmp_path, code, {"API_TYPE": api_type, "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": str(rpc)})
    port = server.port if api_type == "REST" else rpc
    reach = Reach("127.0.0.1", (Port({"REST": "http", "GRPC": "grpc"}[api_type], port, ""),))
    try:
        while not is_open(port):
            assert server.process.poll() is None
        assert not reach.answers
        while not reach.answers:
            assert server.process.poll() is None
    finally:
        server.process.kill()
        server.process.communicate()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return not probe.connect_ex(("127.0.0.1", port))
