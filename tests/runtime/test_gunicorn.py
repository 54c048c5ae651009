"""Several workers behind the same ports: who serves, who replaces whom, and that nobody is lost."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.runtime.workers import AT_ONCE, TWO, WHO, load, until_both_answer, who, workers_of, working
from tests.served import PREDICTIONS, exchange, output_of_failure, start, until

ONE = {"GUNICORN_MAX_REQUESTS": "1000000"}


def test_two_workers_serve_the_same_port(tmp_path: Path) -> None:
    with working(tmp_path) as server:
        until_both_answer(server)

        assert len(workers_of(server)) == 2


def test_connections_that_are_kept_are_shared_fairly(tmp_path: Path) -> None:
    with working(tmp_path) as server:
        until_both_answer(server)
        connections = [server.connect() for _ in range(16)]
        for connection in connections:
            connection.connect()
        replies = [exchange(connection, "POST", PREDICTIONS, AT_ONCE) for connection in connections]
        for connection in connections:
            connection.close()
    served = Counter(reply.json["data"]["ndarray"][0] for reply in replies)

    assert min(served.values()) >= 6


def test_a_worker_whose_loop_is_busy_leaves_connections_to_the_other(tmp_path: Path) -> None:
    code = WHO.replace("def predict", "async def predict")
    with working(tmp_path, code) as server, ThreadPoolExecutor(1) as pool:
        until_both_answer(server)
        busy = pool.submit(who, server, 1)
        time.sleep(0.2)
        began = time.monotonic()
        others = {who(server) for _ in range(5)}
        took = time.monotonic() - began

        assert busy.result() not in others
        assert took < 0.7


def test_the_master_never_sees_the_model(tmp_path: Path) -> None:
    code = WHO + "import sys; open('pids', 'a').write(f'{os.getpid()} ')\n"
    with working(tmp_path, code) as server:
        until_both_answer(server)
        imported = {int(pid) for pid in (tmp_path / "pids").read_text().split()}

        assert imported == set(workers_of(server))


def test_the_master_neither_imports_grpc_nor_has_threads_when_it_forks(tmp_path: Path) -> None:
    code = """
    import sys, threading
    from pathlib import Path
    import gunicorn.arbiter

    pid = __import__("os").getppid()
    THREADS = Path(f"/proc/{pid}/status").read_text().split("Threads:")[1].split()[0]
    MAPPED = Path(f"/proc/{pid}/maps").read_text()

    class Model:
        def predict(self, X):
            return [int(THREADS), "cygrpc" in MAPPED]
    """
    with working(tmp_path, code) as server:
        threads, has_grpc = server.ask({"data": {"ndarray": [0]}}).json["data"]["ndarray"]

        assert (threads, has_grpc) == (1, False)


def test_a_model_is_constructed_and_loaded_once_in_each_worker(tmp_path: Path) -> None:
    code = """
    import os

    def note(what):
        with open("calls", "a") as calls:
            calls.write(f"{what} {os.getpid()}\\n")

    class Model:
        def __init__(self):
            note("construct")

        def load(self):
            note("load")

        def predict(self, X):
            return [os.getpid()]
    """
    with working(tmp_path, code) as server:
        until_both_answer(server)
        calls = sorted((tmp_path / "calls").read_text().splitlines())

        assert calls == sorted(
            f"{what} {pid}" for what in ("construct", "load") for pid in workers_of(server)
        )


def test_workers_draw_different_random_numbers(tmp_path: Path) -> None:
    code = """
    import os
    import numpy as np

    FIRST = float(np.random.rand())

    class Model:
        def predict(self, X):
            return [os.getpid(), FIRST]
    """
    with working(tmp_path, code) as server:
        drawn: dict[float, float] = {}

        def both() -> bool:
            drawn.update([server.ask({"data": {"ndarray": [0]}}).json["data"]["ndarray"]])
            return len(drawn) == 2

        until(both)

        assert len(set(drawn.values())) == 2


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "os._exit(3)", "os.kill(os.getpid(), 11)"])
def test_a_worker_that_dies_is_replaced(tmp_path: Path, end: str) -> None:
    code = WHO.replace("time.sleep(float(X[0]))", f"X[0] < 0 and {end}")
    with working(tmp_path, code) as server:
        before = workers_of(server)
        with pytest.raises(ConnectionError):
            who(server, -1)
        until(lambda: len(workers_of(server)) == 2 and workers_of(server) != before)
        until_both_answer(server)

        assert len(set(before) & set(workers_of(server))) == 1


def test_a_death_costs_nobody_but_who_was_being_answered(tmp_path: Path) -> None:
    with working(tmp_path, variables={**TWO, "LOAD_SECONDS": "0.5"}) as server:
        until_both_answer(server)
        with load(server, clients=4, keep_alive=False) as clients:
            time.sleep(0.3)
            os.kill(workers_of(server)[0], signal.SIGKILL)
            until(lambda: len(clients.answers) == 3)

        assert len(clients.failures) <= 4
        assert not [failure for failure in clients.failures if failure.startswith("503")]
        assert len(clients.answers) == 3


def test_sigterm_answers_everybody_of_both_workers(tmp_path: Path) -> None:
    with working(tmp_path) as server, ThreadPoolExecutor(8) as pool:
        until_both_answer(server)
        asked = [pool.submit(server.ask, {"data": {"ndarray": [0.3]}}) for _ in range(8)]
        time.sleep(0.15)
        code, seconds = server.stop()
        statuses = [future.result().status for future in asked]

    assert statuses == [200] * 8
    assert code == 0
    assert seconds < 4


def test_sigterm_under_load_breaks_no_request(tmp_path: Path) -> None:
    with working(tmp_path) as server:
        with load(server) as clients:
            time.sleep(0.5)
            code, _ = server.stop()
        refused = [failure for failure in clients.failures if "ConnectionRefused" in failure]

    assert code == 0
    assert clients.failures == refused


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_sigint_and_sigquit_end_at_once(tmp_path: Path, number: int) -> None:
    with working(tmp_path) as server, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(server.ask, {"data": {"ndarray": [5]}})
        time.sleep(0.2)
        code, seconds = server.stop(number)
        with pytest.raises(ConnectionError):
            asked.result()

    assert code == 0
    assert seconds < 1


def test_sigterm_before_the_model_is_loaded_ends_at_once(tmp_path: Path) -> None:
    server = start(tmp_path, WHO, {**TWO, "LOAD_SECONDS": "20"})
    until(lambda: len(workers_of(server)) == 2)
    code, seconds = server.stop()
    server.process.communicate()

    assert code == 0
    assert seconds < 2


def test_a_request_longer_than_the_grace_is_given_up_with_a_message(tmp_path: Path) -> None:
    with working(tmp_path, variables={**TWO, "GUNICORN_GRACEFUL_TIMEOUT": "1"}) as server:
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(server.ask, {"data": {"ndarray": [8]}})
            time.sleep(0.2)
            code, seconds = server.stop()
            with pytest.raises(ConnectionError):
                asked.result()
        said = server.process.communicate()[0]

    assert code == 66
    assert seconds < 2
    assert said.count("they were given up") == 1


@pytest.mark.parametrize("workers", [TWO, ONE], ids=["two", "one"])
@pytest.mark.parametrize("keep_alive", [True, False])
def test_sighup_under_load_replaces_every_worker_and_loses_nothing(
    tmp_path: Path, workers: dict[str, str], keep_alive: bool
) -> None:
    with working(tmp_path, variables={**workers, "LOAD_SECONDS": "0.2"}) as server:
        before = set(workers_of(server))
        with load(server, clients=4, keep_alive=keep_alive) as clients:
            time.sleep(0.2)
            server.process.send_signal(signal.SIGHUP)
            until(lambda: len(workers_of(server)) == len(before) and not before & set(workers_of(server)))
            until(lambda: clients.answers.keys() - before)

    assert clients.failures == []


def test_sighup_imports_the_model_anew(tmp_path: Path) -> None:
    with working(tmp_path, "class Model:\n    def predict(self, X):\n        return [1]\n") as server:
        (tmp_path / "Model.py").write_text("class Model:\n    def predict(self, X):\n        return [22]\n")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: {who(server) for _ in range(10)} == {22})


def test_workers_grow_and_shrink_by_signal(tmp_path: Path) -> None:
    with working(tmp_path) as server:
        first = workers_of(server)[0]
        server.process.send_signal(signal.SIGTTIN)
        until(lambda: len(workers_of(server)) == 3)
        server.process.send_signal(signal.SIGTTOU)
        until(lambda: len(workers_of(server)) == 2)

        # The one that keeps the state is not the one to go.
        assert first in workers_of(server)


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("keep_alive", [True, False])
def test_workers_are_replaced_after_their_requests_and_lose_none(
    tmp_path: Path, workers: str, keep_alive: bool
) -> None:
    variables = {
        "GUNICORN_WORKERS": workers,
        "GUNICORN_MAX_REQUESTS": "100",
        "GUNICORN_MAX_REQUESTS_JITTER": "50",
        "LOAD_SECONDS": "0.1",
    }
    with (
        working(tmp_path, variables=variables) as server,
        load(server, clients=4, keep_alive=keep_alive) as clients,
    ):
        until(lambda: len(clients.answers) > 3 or clients.failures)

    assert clients.failures == []
    assert min(clients.answers.values()) <= 250


BROKEN = {
    "class Model:\n    def load(self):\n        raise OSError('no weights')\n": (65, "no weights"),
    "class Other:\n    pass\n": (63, "has no class Model"),
    "import absent_package\n": (62, "absent_package"),
}


@pytest.mark.parametrize("code", BROKEN)
def test_a_model_that_cannot_start_ends_all_with_its_message_said_once(tmp_path: Path, code: str) -> None:
    wanted, message = BROKEN[code]
    exit_code, said = output_of_failure(tmp_path, code, {"GUNICORN_WORKERS": "4"})

    assert exit_code == wanted
    assert said.count("hint:") == 1
    assert message in said
    assert "gunicorn.error" not in said


def test_workers_that_die_while_they_load_are_not_forked_for_ever(tmp_path: Path) -> None:
    code = "import os\nclass Model:\n    def load(self):\n        os.kill(os.getpid(), 9)\n"
    exit_code, said = output_of_failure(tmp_path, code, TWO)

    assert exit_code == 9
    assert said.count("hint:") == 1


def test_a_worker_whose_loop_hangs_is_killed_and_says_where(tmp_path: Path) -> None:
    code = WHO.replace("def predict", "async def predict")
    with working(tmp_path, code, {**TWO, "GUNICORN_TIMEOUT": "2"}) as server:
        before = set(workers_of(server))
        with pytest.raises(ConnectionError):
            who(server, 60)
        until_both_answer(server)
        survivors = before & set(workers_of(server))
        server.process.send_signal(signal.SIGTERM)
        said = server.process.communicate()[0]

    assert len(survivors) == 1
    assert "in predict" in said


def test_a_model_that_loads_longer_than_the_timeout_is_left_in_peace(tmp_path: Path) -> None:
    code = WHO.replace("time.sleep(float(os.environ", "time.sleep(3 + float(os.environ")
    code = "import time; time.sleep(2.2)\n" + code
    with working(
        tmp_path, "import time; time.sleep(2.2)\n" + WHO, {**TWO, "GUNICORN_TIMEOUT": "1"}
    ) as server:
        until_both_answer(server)
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        said = server.process.communicate()[0]

    assert "died" not in said
    assert "TIMEOUT" not in said


def test_the_port_answers_not_ready_until_a_first_worker_is(tmp_path: Path) -> None:
    server = start(tmp_path, WHO, {**TWO, "LOAD_SECONDS": "1"})
    try:
        statuses: list[int] = []

        def answers_in_the_end() -> bool:
            try:
                statuses.append(server.ask({"data": {"ndarray": [0]}}).status)
            except ConnectionRefusedError:
                return False
            return statuses[-20:] == [200] * 20

        until(answers_in_the_end)
    finally:
        server.stop(signal.SIGQUIT)
        server.process.communicate()

    assert statuses[0] == 503
    assert statuses == sorted(statuses, reverse=True)


@pytest.mark.parametrize("variable", ["HTTP", "METRICS"])
def test_a_taken_port_is_told_by_the_master(tmp_path: Path, variable: str) -> None:
    name = f"PREDICTIVE_UNIT_{variable}_SERVICE_PORT"
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        exit_code, said = output_of_failure(tmp_path, WHO, {**TWO, name: str(taken.getsockname()[1])})

    assert exit_code == 67
    assert name in said


def test_workers_end_when_their_master_is_killed(tmp_path: Path) -> None:
    with working(tmp_path) as server:
        workers = workers_of(server)
        server.process.kill()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_one_worker_alone_runs_custom_service_and_its_successor_takes_over(tmp_path: Path) -> None:
    code = WHO + (
        "    def custom_service(self):\n"
        "        open('custom', 'a').write(f'{os.getpid()}\\n')\n"
        "        time.sleep(60)\n"
    )
    with working(tmp_path, code) as server:
        until_both_answer(server)
        notes = tmp_path / "custom"
        first = int(notes.read_text())
        os.kill(first, signal.SIGKILL)
        until(lambda: len(notes.read_text().split()) == 2)
        until(lambda: len(workers_of(server)) == 2)

        assert int(notes.read_text().split()[1]) in workers_of(server)


def test_gunicorns_own_ways_to_be_configured_have_no_say(tmp_path: Path) -> None:
    (tmp_path / "gunicorn.conf.py").write_text("raise SystemExit('it was read')\n")
    variables = {**TWO, "GUNICORN_CMD_ARGS": "--workers 5", "WEB_CONCURRENCY": "7", "PORT": str(free_port())}
    with working(tmp_path, variables=variables) as server:
        assert len(workers_of(server)) == 2

        server.process.send_signal(signal.SIGTERM)
        said = server.process.communicate()[0]

    assert "GUNICORN_CMD_ARGS is not read" in said
    assert "gunicorn.conf.py is not read" in said


def test_an_image_without_gunicorn_says_which_variable_asks_for_it(tmp_path: Path) -> None:
    variables = {"SELDON_RUNTIMES": "rest", "GUNICORN_MAX_REQUESTS": "10"}
    exit_code, said = output_of_failure(tmp_path, WHO, variables)

    assert exit_code == 69
    assert "GUNICORN_MAX_REQUESTS=10" in said


def test_a_reader_of_info_hears_our_story_alone(tmp_path: Path) -> None:
    with working(tmp_path) as server:
        until_both_answer(server)
        server.stop()
        said = server.process.communicate()[0].splitlines()

    assert ["Serving Model" in line for line in said if " INFO " in line] == [True, True]
    assert not [line for line in said if "gunicorn.error" in line]
