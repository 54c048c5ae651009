"""How a server starts, refuses to start, and stops."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.served import PREDICTIONS, Reply, Server, exchange, output_of_failure, serving, start

SLOW = """
import time

class Model:
    def predict(self, X):
        time.sleep(float(X[0]))
        return X
"""

GOOD = "class Model:\n    def predict(self, X):\n        return X\n"


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path, SLOW, {"SELDON_GRACE_SECONDS": "10"}) as server:
        yield server


def sleep_for(seconds: float) -> dict[str, object]:
    return {"data": {"ndarray": [seconds]}}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_stops_within_a_second(slow: Server, number: int) -> None:
    connection = slow.connect()
    exchange(connection, "POST", PREDICTIONS, '{"data":{"ndarray":[0]}}')
    code, seconds = slow.stop(number)
    connection.close()

    assert code == 0
    assert seconds < 1


def test_a_busy_server_answers_everybody_before_it_stops(slow: Server) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(slow.ask, sleep_for(0.4)) for _ in range(4)]
        time.sleep(0.2)
        code, seconds = slow.stop()
        replies = [future.result() for future in asked]

    assert [reply.status for reply in replies] == [200] * 4
    assert code == 0
    assert 1.0 < seconds < 3


def test_a_busy_server_takes_nobody_new(slow: Server) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(slow.ask, sleep_for(2))
        time.sleep(0.2)
        slow.process.send_signal(signal.SIGTERM)
        time.sleep(0.8)
        with pytest.raises(ConnectionRefusedError):
            slow.request("GET", "/health/ping")

        assert asked.result().headers["connection"] == "close"


def test_a_request_that_comes_late_on_an_open_connection_is_answered(slow: Server) -> None:
    connection = slow.connect()
    exchange(connection, "GET", "/health/ping")
    slow.process.send_signal(signal.SIGTERM)
    time.sleep(0.15)
    reply = exchange(connection, "GET", "/health/ping")
    connection.close()

    assert (reply.status, reply.headers["connection"]) == (200, "close")
    assert slow.process.wait(5) == 0


def ask_until_refused(server: Server, keep: bool, answered: list[int]) -> None:
    """Ask as fast as answers come, on new connections or, with ``keep``, until one says close."""
    while True:
        connection = server.connect()
        try:
            connection.connect()
        except ConnectionRefusedError:
            return
        again = True
        while again:
            reply = exchange(connection, "POST", PREDICTIONS, '{"data":{"ndarray":[1]}}')
            answered.append(reply.status)
            again = keep and reply.headers.get("connection") != "close"
        connection.close()


@pytest.mark.parametrize("keep", [True, False], ids=["kept connections", "new connections"])
def test_no_request_of_busy_clients_is_lost(tmp_path: Path, keep: bool) -> None:
    answered: list[int] = []
    with serving(tmp_path, GOOD) as server, ThreadPoolExecutor(16) as pool:
        clients = [pool.submit(ask_until_refused, server, keep, answered) for _ in range(16)]
        time.sleep(0.5)
        code, seconds = server.stop()
        for client in clients:
            client.result()

    assert (set(answered), code, seconds < 1.5) == ({200}, 0, True)
    assert len(answered) > 100


def test_what_outlasts_the_grace_period_is_given_up_within_it(tmp_path: Path) -> None:
    with serving(tmp_path, SLOW, {"SELDON_GRACE_SECONDS": "1"}) as server:
        asking = threading.Thread(target=ask_in_vain, args=(server,))
        asking.start()
        time.sleep(0.2)
        code, seconds = server.stop()
        asking.join()
        said = server.process.stdout.read() if server.process.stdout else ""

    assert (code, seconds <= 1.0) == (66, True)
    assert "SELDON_GRACE_SECONDS" in said


def ask_in_vain(server: Server) -> Reply | None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        return server.ask(sleep_for(30))
    return None


def test_a_second_interrupt_ends_a_busy_server_at_once(slow: Server) -> None:
    asking = threading.Thread(target=ask_in_vain, args=(slow,))
    asking.start()
    time.sleep(0.2)
    slow.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    code, seconds = slow.stop(signal.SIGINT)
    asking.join()

    assert (code, seconds < 0.5) == (130, True)


def test_a_thread_that_the_model_left_behind_cannot_keep_the_server(tmp_path: Path) -> None:
    code = """
    import threading, time

    class Model:
        def __init__(self):
            threading.Thread(target=time.sleep, args=(1000,)).start()
    """
    with serving(tmp_path, code, {"SELDON_GRACE_SECONDS": "1"}) as server:
        code_of_exit, seconds = server.stop()

    assert (code_of_exit, seconds < 1.5) == (0, True)


LOADING = """
import time, pathlib

class Model:
    def load(self):
        pathlib.Path("loading").touch()
        time.sleep(1)
        pathlib.Path("loaded").touch()
"""


def test_a_model_that_loads_is_alive_and_not_ready(tmp_path: Path) -> None:
    server = start(tmp_path, LOADING)
    while not (tmp_path / "loading").exists():
        time.sleep(0.01)
    alive = server.request("GET", "/health/ping")
    health, predict = server.request("GET", "/health/status"), server.ask({"data": {"ndarray": [1]}})
    early = not (tmp_path / "loaded").exists()
    server.process.kill()
    server.process.communicate()

    assert early
    assert (alive.status, health.status, predict.status) == (200, 503, 503)
    assert int(predict.headers["retry-after"]) >= 1


def test_a_server_that_still_loads_stops_at_once(tmp_path: Path) -> None:
    server = start(tmp_path, LOADING)
    while not (tmp_path / "loading").exists():
        time.sleep(0.01)
    code, seconds = server.stop()
    server.process.communicate()

    assert (code, seconds < 0.5) == (0, True)


@pytest.mark.parametrize(
    ("code", "variables", "exit_code", "says"),
    [
        (GOOD, {"MODEL_NAME": ""}, 60, "MODEL_NAME is not set"),
        (GOOD, {"MODEL_NAME": "Other"}, 61, "There is no module Other"),
        (GOOD, {"MODEL_NAME": "Model.Other"}, 63, "its classes are Model"),
        (GOOD, {"PREDICTIVE_UNIT_PARAMETERS": "x"}, 64, "not JSON"),
        (GOOD, {"API_TYPE": "FBS"}, 69, "API_TYPE=FBS"),
        (GOOD, {"API_TYPE": "FBS"}, 69, "API_TYPE is REST or GRPC"),
        ("import nothing_like_it", {}, 62, "the package that holds nothing_like_it"),
        ("1 / 0", {}, 62, "line 1, in <module>"),
        ("class Model", {}, 62, "SyntaxError"),
        ("import sys; sys.exit(0)", {}, 62, "SystemExit: 0"),
        ("Model = None", {}, 63, "it defines no class"),
        ("class Model:\n    def __init__(self, size): ...", {}, 65, "Model() raised TypeError"),
        ("class Model:\n    def load(self):\n        self.nothing", {}, 65, "load() raised AttributeError"),
        (GOOD, {"PREDICTIVE_UNIT_HTTP_SERVICE_PORT": "x"}, 68, "PREDICTIVE_UNIT_HTTP_SERVICE_PORT is 'x'"),
    ],
)
def test_a_server_that_cannot_start_says_why_and_what_to_do(
    tmp_path: Path, code: str, variables: dict[str, str], exit_code: int, says: str
) -> None:
    found, said = output_of_failure(tmp_path, code, variables)

    assert (found, says in said, "hint:" in said) == (exit_code, True, True), said
    assert "seldon_runtime/" not in said, "the server's own frames help nobody"


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        found, said = output_of_failure(tmp_path, GOOD, {"PREDICTIVE_UNIT_HTTP_SERVICE_PORT": port})

    assert (found, f"Port {port} cannot be opened" in said) == (67, True), said


@pytest.mark.parametrize("given", ["x", '[{"name": "rate", "value": "x", "type": "FLOAT"}]'])
def test_what_the_model_had_no_part_in_has_no_traceback(tmp_path: Path, given: str) -> None:
    found, said = output_of_failure(tmp_path, GOOD, {"PREDICTIVE_UNIT_PARAMETERS": given})

    assert (found, said.splitlines()[0][:26]) == (64, "PREDICTIVE_UNIT_PARAMETERS")


def test_the_constructor_gets_the_parameters(tmp_path: Path) -> None:
    code = """
    class Model:
        def __init__(self, rate):
            self.rate = rate
        def predict(self, X):
            return X * self.rate
    """
    given = '[{"name": "rate", "value": "2.5", "type": "FLOAT"}]'
    with serving(tmp_path, code, {"PREDICTIVE_UNIT_PARAMETERS": given}) as server:
        assert server.ask({"data": {"ndarray": [2]}}).json["data"]["ndarray"] == [5.0]


def test_a_class_in_a_package_finds_its_neighbours(tmp_path: Path) -> None:
    package = tmp_path / "churn" / "models"
    package.mkdir(parents=True)
    (package / "forest.py").write_text(
        "from rates import RATE\nclass Forest:\n    def predict(self, X):\n        return X * RATE\n"
    )
    (tmp_path / "rates.py").write_text("RATE = 3")
    with serving(tmp_path, "", {"MODEL_NAME": "churn.models.forest.Forest"}) as server:
        assert server.ask({"data": {"ndarray": [2]}}).json["data"]["ndarray"] == [6]


@pytest.mark.parametrize("name", ["uvicorn", "codec", "logging", "numpy"])
def test_a_file_of_the_model_is_not_taken_for_what_the_server_needs(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text("raise RuntimeError('not me')")
    with serving(tmp_path, GOOD) as server:
        assert server.ask({"data": {"ndarray": [2]}}).status == 200


def test_nothing_is_written_and_no_home_is_needed(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    with serving(model, GOOD, {"PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}) as server:
        assert server.ask({"data": {"ndarray": [2]}}).status == 200

    assert [path.name for path in tmp_path.rglob("*")] == ["model", "Model.py"]


def test_the_models_own_log_lines_are_shown(tmp_path: Path) -> None:
    code = """
    import logging

    class Model:
        def load(self):
            logging.getLogger("mine").info("the weights are here")
    """
    with serving(tmp_path, code) as server:
        server.stop()
        said = server.process.stdout.read() if server.process.stdout else ""

    assert "INFO mine: the weights are here" in said
    assert "Serving Model (" in said
    assert "uvicorn" not in said
