"""gRPC from several workers: each opens the port for itself, and nobody else may."""

from __future__ import annotations

import json
import signal
import socket
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc

from tests.runtime.workers import TWO, workers_of, working
from tests.served import Server, output_of_failure, start, until

WHO = "import os\nclass Model:\n    def predict(self, X):\n        return str(os.getpid())\n"
PORT = "PREDICTIVE_UNIT_GRPC_SERVICE_PORT"
# A SeldonMessage whose strData is "x".
TEXT = b"\x2a\x01x"


# A call that meets the end of a server on its way is cancelled by grpcio itself, before anybody saw it.
RETRIES = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.05s",
                    "maxBackoff": "0.5s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["CANCELLED", "UNAVAILABLE"],
                },
            }
        ]
    }
)


def channel(server: Server) -> grpc.Channel:
    # Otherwise all channels of a process share one connection.
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.service_config", RETRIES)]
    return grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}", options)


def ask(way: grpc.Channel) -> int:
    predict: Any = way.unary_unary("/seldon.protos.Model/Predict")
    answer: bytes = predict(TEXT, timeout=5)
    return int(answer.rpartition(b"\x2a")[2][1:])


def test_both_workers_answer_where_there_is_grpc_alone(tmp_path: Path) -> None:
    server = start(tmp_path, WHO, {**TWO, "API_TYPE": "GRPC", "SELDON_METRICS": "0"})
    found: Counter[int] = Counter()

    def both() -> bool:
        with channel(server) as way, suppress(grpc.RpcError):
            found[ask(way)] += 1
        return len(found) == 2

    try:
        until(both)

        assert found.keys() == set(workers_of(server))
    finally:
        server.stop(signal.SIGQUIT)
        server.process.communicate()


def test_a_port_of_somebody_else_is_noticed(tmp_path: Path) -> None:
    with socket.socket() as taken:
        # Whoever shares a port could be shared with, unnoticed.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        code, said = output_of_failure(tmp_path, WHO, {**TWO, PORT: str(taken.getsockname()[1])})

    assert code == 67
    assert PORT in said


def test_a_second_server_may_not_join_in(tmp_path: Path) -> None:
    with working(tmp_path, WHO) as server:
        code, _ = output_of_failure(tmp_path, WHO, {**TWO, PORT: str(server.grpc_port)})

    assert code == 67


def test_a_reload_breaks_no_call_of_clients_that_retry(tmp_path: Path) -> None:
    with working(tmp_path, WHO) as server:
        before, failures, ending = set(workers_of(server)), [], threading.Event()

        def keep_asking() -> None:
            with channel(server) as way:
                while not ending.is_set():
                    try:
                        ask(way)
                    except grpc.RpcError as error:
                        failures.append(error)

        threads = [threading.Thread(target=keep_asking) for _ in range(4)]
        for thread in threads:
            thread.start()
        server.process.send_signal(signal.SIGHUP)
        until(lambda: len(workers_of(server)) == 2 and not before & set(workers_of(server)))
        ending.set()
        for thread in threads:
            thread.join()

    assert failures == []
