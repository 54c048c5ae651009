"""The port of the metrics, of real servers."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_text
from seldon_runtime.metrics.server import endpoint

from tests.conftest import free_port
from tests.served import Reply, Server, exchange, output_of_failure, serving, start

MODEL = """
import time

class Model:
    def predict(self, X):
        time.sleep(float(X[0]))
        return X

    def send_feedback(self, features, feature_names, reward, truth, routing=None):
        return []

    def metrics(self):
        return [
            {"type": "COUNTER", "key": "my.counter", "value": 2, "tags": {"kind": 'a"b'}},
            {"type": "GAUGE", "key": "level", "value": 7},
            {"type": "TIMER", "key": "took", "value": 20.5},
        ]
"""
OPEN = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"}


def ask(server: Server, path: str = "/metrics", verb: str = "GET", **headers: str) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", server.metrics_port, timeout=10)
    try:
        return exchange(connection, verb, path, None, headers)
    finally:
        connection.close()


def samples(reply: Reply) -> dict[str, float]:
    families: Any = parse_text(reply.body.decode())
    return {sample.name: sample.value for family in families for sample in family.samples}


def samples_of_predict(reply: Reply) -> dict[str, float]:
    families: Any = parse_text(reply.body.decode())
    found = (sample for family in families for sample in family.samples)
    return {sample.name: sample.value for sample in found if sample.labels.get("method") == "predict"}


def message(seconds: float = 0) -> dict[str, object]:
    return {"data": {"ndarray": [seconds]}}


def test_the_metrics_of_a_model_appear(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL) as server:
        for _ in range(3):
            assert server.ask(message()).status == 200
        reply = ask(server)
    found = samples(reply)

    assert (reply.status, reply.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert [found[name] for name in ("my_counter_total", "level", "took_count")] == [6, 7, 3]
    assert found["took_sum"] == pytest.approx(0.0615)


def test_rewards_are_counted(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL) as server:
        for reward in (1.5, -2):
            server.ask({"request": message(), "reward": reward}, "/send-feedback")
        found = samples(ask(server))

    assert found["seldon_api_model_feedback_total"] == 2
    assert found["seldon_api_model_feedback_reward_total"] == -0.5


def test_openmetrics_comes_to_who_asks_for_it(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL) as server:
        server.ask(message())
        reply = ask(server, **OPEN)
    families: Any = parse_open(reply.body.decode())  # type: ignore[no-untyped-call]  # theirs

    assert reply.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert {"my_counter": "counter", "took": "histogram"}.items() <= {
        f.name: f.type for f in families
    }.items()


@pytest.mark.parametrize("given", ["prometheus", "/prometheus"])
def test_the_path_is_moved_by_its_variable(tmp_path: Path, given: str) -> None:
    with serving(tmp_path, MODEL, {"PREDICTIVE_UNIT_METRICS_ENDPOINT": given}) as server:
        statuses = [ask(server, path).status for path in ("/prometheus", "/metrics", "/", "/predict")]

    assert statuses == [200, 404, 404, 404]


@pytest.mark.parametrize(
    ("given", "path"), [("", "/metrics"), (" ", "/metrics"), ("/", "/"), ("//a/b", "/a/b")]
)
def test_a_path_begins_with_one_slash(given: str, path: str) -> None:
    assert endpoint({"PREDICTIVE_UNIT_METRICS_ENDPOINT": given}) == path


def test_metrics_are_only_read(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL) as server:
        replies = [ask(server, verb=verb) for verb in ("POST", "DELETE", "HEAD")]

    assert [reply.status for reply in replies] == [405, 405, 200]
    assert replies[0].headers["allow"] == "GET, HEAD"
    assert (replies[2].body, int(replies[2].headers["content-length"]) > 1000) == (b"", True)


def test_metrics_never_wait_for_a_prediction(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL) as server, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(server.ask, message(1))
        time.sleep(0.2)
        began = time.monotonic()
        status, took = ask(server).status, time.monotonic() - began

        assert not asked.done()
        assert (status, took < 0.5, asked.result().status) == (200, True, 200)


LOADING = "import time\nclass Model:\n    def load(self):\n        time.sleep(30)\n"


def test_there_is_something_to_read_before_the_model_is_loaded(tmp_path: Path) -> None:
    server = start(tmp_path, LOADING)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", server.metrics_port)):
                    break
            time.sleep(0.02)
        found = samples(ask(server))
    finally:
        server.stop()
        server.process.communicate()

    assert found["process_resident_memory_bytes"] > 0


def test_metrics_are_switched_off_by_their_variable(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL, {"SELDON_METRICS": "0"}) as server, pytest.raises(ConnectionRefusedError):
        ask(server)


def test_a_port_that_is_taken_is_told_with_its_variable(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, said = output_of_failure(tmp_path, MODEL, {"PREDICTIVE_UNIT_METRICS_SERVICE_PORT": port})

    assert (code, "PREDICTIVE_UNIT_METRICS_SERVICE_PORT" in said) == (67, True)


@pytest.mark.parametrize(("filtered", "told"), [("", False), ("0", True)])
def test_scrapes_are_told_where_accesses_are_and_nothing_filters_them(
    tmp_path: Path, filtered: str, told: bool
) -> None:
    variables = {"GUNICORN_ACCESS_LOG": "1", "FILTER_METRICS_ACCESS_LOGS": filtered}
    with serving(tmp_path, MODEL, variables) as server:
        ask(server, "/metrics?key=secret")
        server.stop()
        said = server.process.stdout.read() if server.process.stdout else ""

    assert ("GET /metrics 200" in said, "secret" in said) == (told, False)


def test_a_server_with_a_metrics_port_of_its_own_says_so(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, MODEL, {"PREDICTIVE_UNIT_METRICS_SERVICE_PORT": str(port)}) as server:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        reply = exchange(connection, "GET", "/metrics", None, {})
        connection.close()

        assert (server.metrics_port == port, reply.status) == (False, 200)


THEIRS = """
from prometheus_client import Counter

SEEN = Counter("rows_seen", "Rows", ["where"])

class Model:
    def predict(self, X):
        SEEN.labels("here").inc(len(X))
        return X
"""


def test_what_a_model_keeps_with_prometheus_client_is_shown(tmp_path: Path) -> None:
    with serving(tmp_path, THEIRS) as server:
        server.ask({"data": {"ndarray": [[1], [2]]}})
        found = samples(ask(server))

    assert found["rows_seen_total"] == 2


def test_counters_outlive_a_worker_that_is_killed_and_a_reload(tmp_path: Path) -> None:
    code = MODEL + "\n    def tags(self):\n        import os\n        return {'pid': os.getpid()}\n"
    with serving(tmp_path, code, {"GUNICORN_WORKERS": "2"}) as server:
        seen, number = [], signal.SIGKILL
        for _ in range(3):
            pids = {server.ask(message()).json["meta"]["tags"]["pid"] for _ in range(20)}
            os.kill(server.process.pid if number == signal.SIGHUP else pids.pop(), number)
            seen.append(samples_of_predict(ask(server))["my_counter_total"])
            number = signal.SIGHUP
            time.sleep(1)

    assert seen == [40, 80, 120]


def labels_of(reply: Reply, name: str) -> list[dict[str, str]]:
    families: Any = parse_text(reply.body.decode())
    return [sample.labels for family in families for sample in family.samples if sample.name == name]


def test_what_one_of_several_workers_keeps_says_whose_it_is(tmp_path: Path) -> None:
    with serving(tmp_path, THEIRS, {"GUNICORN_WORKERS": "2"}) as server:
        (labels,) = labels_of(ask(server), "python_info")

    assert labels["worker_id"].isdigit()


def test_what_workers_keep_in_the_files_of_prometheus_client_is_summed(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    variables = {"GUNICORN_WORKERS": "2", "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    with serving(tmp_path, THEIRS, variables) as server:
        for _ in range(20):
            server.ask({"data": {"ndarray": [[1]]}})
        reply = ask(server)

    assert (samples(reply)["rows_seen_total"], labels_of(reply, "rows_seen_total")) == (
        20,
        [{"where": "here"}],
    )
