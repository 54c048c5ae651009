"""A component's state in a real Redis: kept, restored, kept again after an outage."""

from __future__ import annotations

import asyncio
import logging
import pickle
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from seldon_runtime.errors import (
    SettingInvalid,
    StateKeyUnusable,
    StateRefused,
    StateUnreachable,
)
from seldon_runtime.persistence import sign
from seldon_runtime.persistence.keeper import RedisKeeper
from seldon_runtime.persistence.seal import Seal
from seldon_runtime.persistence.store import Store, client_from

from tests.conftest import free_port
from tests.runtime.redis_state import (
    KEY,
    SECRET,
    Counter,
    keeper_of,
    kept,
    loaded,
    redis_server,
    variables,
)
from tests.served import output_of_failure, serving

ROW = {"data": {"ndarray": [[1]]}}
COUNTER = """
class Model:
    def __init__(self):
        self.calls = 0

    def predict(self, X):
        self.calls += 1
        return [[self.calls]]
"""


def test_a_model_goes_on_counting_where_it_was_stopped(
    tmp_path: Path, redis_port: int, database: redis.Redis
) -> None:
    with serving(tmp_path, COUNTER, variables(redis_port)) as server:
        answers = [server.ask(ROW).json["data"]["ndarray"] for _ in range(3)]
        code, _ = server.stop()
    with serving(tmp_path, COUNTER, variables(redis_port)) as server:
        after = server.ask(ROW).json["data"]["ndarray"]

    assert (answers, code, after) == ([[[1]], [[2]], [[3]]], 0, [[4]])


def test_the_state_is_saved_from_time_to_time(tmp_path: Path, redis_port: int, database: redis.Redis) -> None:
    with serving(tmp_path, COUNTER, variables(redis_port, SELDON_PERSISTENCE_SECONDS="0.1")) as server:
        server.ask(ROW)
        time.sleep(0.5)
        server.process.kill()
        server.process.wait()
    with serving(tmp_path, COUNTER, variables(redis_port)) as server:
        assert server.ask(ROW).json["data"]["ndarray"] == [[2]]


def test_every_worker_restores_and_one_saves(tmp_path: Path, redis_port: int, database: redis.Redis) -> None:
    code = COUNTER.replace("[[self.calls]]", "[[__import__('os').getpid(), self.calls]]")
    with serving(tmp_path, code, variables(redis_port)) as server:
        server.ask(ROW)
        server.stop()
    counts: dict[int, list[int]] = {}
    with serving(tmp_path, code, variables(redis_port, GUNICORN_WORKERS="2")) as server:
        end = time.monotonic() + 20
        while len(counts) < 2 and time.monotonic() < end:
            with ThreadPoolExecutor(4) as pool:
                replies = list(pool.map(lambda _: server.ask(ROW), range(20)))
            for reply in replies:
                [[worker, calls]] = reply.json["data"]["ndarray"]
                counts.setdefault(worker, []).append(calls)
        code_of_end, _ = server.stop()
    with serving(tmp_path, code, variables(redis_port)) as server:
        [[_, after]] = server.ask(ROW).json["data"]["ndarray"]

    assert code_of_end == 0
    assert [min(calls) for calls in counts.values()] == [2, 2]
    assert after - 1 in [max(calls) for calls in counts.values()]


def test_a_refused_state_ends_every_worker(tmp_path: Path, redis_port: int, database: redis.Redis) -> None:
    database.set(KEY, b"foreign")
    code, said = output_of_failure(tmp_path, COUNTER, variables(redis_port, GUNICORN_WORKERS="2"))

    assert code == StateRefused.exit_code, said
    assert database.get(KEY) == b"foreign"


def test_the_key_is_that_of_older_wrappers(tmp_path: Path, redis_port: int, database: redis.Redis) -> None:
    place = {"SELDON_DEPLOYMENT_ID": "shop", "PREDICTOR_ID": "main", "PREDICTIVE_UNIT_ID": "churn"}
    with serving(tmp_path, COUNTER, variables(redis_port, **place)) as server:
        server.stop()

    assert database.keys() == [b"persistence_shop_main_churn"]


def test_a_refused_state_ends_the_start_and_stays(
    tmp_path: Path, redis_port: int, database: redis.Redis
) -> None:
    value = pickle.dumps({"calls": 1})
    database.set(KEY, value)
    code, said = output_of_failure(tmp_path, COUNTER, variables(redis_port))

    assert code == StateRefused.exit_code
    assert "persistence.sign" in said
    assert "Traceback" not in said
    assert database.get(KEY) == value


def test_without_a_key_the_start_says_how_to_make_one(tmp_path: Path, redis_port: int) -> None:
    code, said = output_of_failure(tmp_path, COUNTER, variables(redis_port, PERSISTENCE_KEY=""))

    assert code == StateKeyUnusable.exit_code
    assert "secrets.token_hex(32)" in said


def test_persistence_of_older_images_is_off(tmp_path: Path) -> None:
    with serving(tmp_path, COUNTER, {"PERSISTENCE": "0"}) as server:
        assert server.ask(ROW).status == 200


def test_an_old_state_is_signed_once_and_restored(
    tmp_path: Path, redis_port: int, database: redis.Redis
) -> None:
    with serving(
        tmp_path, COUNTER, variables(redis_port, PERSISTENCE_KEY="", PERSISTENCE_UNSIGNED="1")
    ) as server:
        server.ask(ROW)
        server.stop()
    sign.sign({**variables(redis_port), "MODEL_NAME": "Model"})
    with serving(tmp_path, COUNTER, variables(redis_port)) as server:
        assert server.ask(ROW).json["data"]["ndarray"] == [[2]]


def test_nothing_saved_is_no_state(redis_port: int, database: redis.Redis) -> None:
    assert keeper_of(redis_port).restore() is None


def test_redis_away_at_the_start_is_an_error() -> None:
    with pytest.raises(StateUnreachable, match=r"127\.0\.0\.1"):
        keeper_of(free_port()).restore()


def test_redis_may_come_a_little_later(tmp_path: Path) -> None:
    async def restore() -> object:
        number = free_port()
        client = client_from({"REDIS_SERVICE_HOST": "127.0.0.1", "REDIS_SERVICE_PORT": str(number)})
        keeper = RedisKeeper(Store(client, KEY, patience=10), Seal(KEY, "Counter", SECRET.encode()))
        restoring = asyncio.create_task(asyncio.to_thread(keeper.restore))
        await asyncio.sleep(0.3)
        with redis_server(tmp_path, number):
            return await restoring

    assert asyncio.run(restore()) is None


def test_a_wrong_password_is_not_tried_again(redis_port: int, database: redis.Redis) -> None:
    database.config_set("requirepass", "right")
    try:
        client = client_from(
            {"REDIS_URL": f"redis://127.0.0.1:{redis_port}/0", "REDIS_PASSWORD": "wrong-one"}
        )
        with pytest.raises(StateUnreachable) as caught:
            Store(client, KEY, patience=60).read()
        assert "wrong-one" not in str(caught.value)
    finally:
        redis.Redis(port=redis_port, password="right").config_set("requirepass", "")


def test_the_password_may_lie_in_a_file(tmp_path: Path, redis_port: int, database: redis.Redis) -> None:
    (tmp_path / "password").write_text("right\n")
    database.config_set("requirepass", "right")
    try:
        place = {"REDIS_SERVICE_HOST": "127.0.0.1", "REDIS_SERVICE_PORT": str(redis_port)}
        client = client_from({**place, "REDIS_PASSWORD_FILE": str(tmp_path / "password")})
        assert Store(client, KEY).read() is None
    finally:
        redis.Redis(port=redis_port, password="right").config_set("requirepass", "")


def test_a_url_may_name_a_socket(tmp_path: Path) -> None:
    assert Store(client_from({"REDIS_URL": "unix:///run/redis.sock"}), KEY).place == "/run/redis.sock"


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hidden@there",
        "redis://me:hid#den@there",
        "redis://there:hidden/0",
        "redis://:hidden@there/0?nonsense=1",
        "redis://:hidden@there/0?db=x",
    ],
)
def test_a_url_that_cannot_be_read_keeps_its_password(url: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        client_from({"REDIS_URL": url})

    assert "hid" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_outage_is_told_once_and_ends_with_a_save(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    number, counter = free_port(), Counter()

    async def live() -> None:
        keeper = keeper_of(number, every=0.05)
        keeper.begin(await loaded(counter))
        await asyncio.sleep(0.6)
        with redis_server(tmp_path, number):
            await asyncio.sleep(0.6)
            counter.calls = 7
            await keeper.stop()
            restored = keeper_of(number).restore()
        assert isinstance(restored, Counter)
        assert restored.calls == 7

    caplog.set_level(logging.INFO, "seldon_runtime")
    asyncio.run(live())
    told = [record.message for record in caplog.records if record.levelno == logging.WARNING]

    assert len(told) == 1
    assert "is not saved" in told[0]
    assert sum("is saved again" in record.message for record in caplog.records) == 1


def test_a_state_that_cannot_be_pickled_is_told_once(
    redis_port: int, database: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    counter = Counter()
    counter.odd = lambda: 1

    async def live() -> None:
        keeper = keeper_of(redis_port, every=0.05)
        keeper.begin(await loaded(counter))
        await asyncio.sleep(0.4)
        await keeper.stop()

    asyncio.run(live())
    levels = [record.levelno for record in caplog.records]

    assert levels == [logging.WARNING, logging.ERROR]
    assert database.get(KEY) is None


def test_a_model_that_exits_while_it_is_pickled_serves_on(
    redis_port: int, database: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    class Leaving:
        def __getstate__(self) -> object:
            raise SystemExit(3)

    asyncio.run(kept(keeper_of(redis_port), Leaving()))

    assert "SystemExit" in caplog.text


def test_the_state_is_pickled_on_the_models_thread(redis_port: int, database: redis.Redis) -> None:
    class Telling(Counter):
        def __getstate__(self) -> dict[str, object]:
            names.append(threading.current_thread().name)
            return {}

    names: list[str] = []
    asyncio.run(kept(keeper_of(redis_port), Telling()))

    assert names
    assert all(name.startswith("model_") for name in names)


def test_the_loop_answers_while_redis_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async def live(silent: int) -> float:
        keeper = keeper_of(silent, every=0.01)
        keeper.begin(await loaded(Counter()))
        worst = 0.0
        for _ in range(30):
            began = time.monotonic()
            await asyncio.sleep(0.01)
            worst = max(worst, time.monotonic() - began)
        return worst

    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr("seldon_runtime.persistence.store.ANSWER_SECONDS", 0.5)
        assert asyncio.run(live(silent.getsockname()[1])) < 0.3
