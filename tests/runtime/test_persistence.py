"""A component's state in a real Redis: kept, restored, refused."""

from __future__ import annotations

import asyncio
import logging
import pickle
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from seldon_runtime.component.unit import Unit
from seldon_runtime.errors import (
    SettingInvalid,
    StateBroken,
    StateKeyUnusable,
    StateRefused,
    StateUnreachable,
)
from seldon_runtime.metrics.recorder import Recorder
from seldon_runtime.model import Model
from seldon_runtime.persistence import sign
from seldon_runtime.persistence.keeper import RedisKeeper
from seldon_runtime.persistence.place import secret_from, state_key
from seldon_runtime.persistence.seal import Seal
from seldon_runtime.persistence.store import Store, client_from
from seldon_runtime.settings import ServerSettings

from tests.conftest import free_port, wait_for_port
from tests.served import output_of_failure, serving

SECRET = "0123456789abcdef" * 4
KEY = "persistence_0_0_0"
ROW = {"data": {"ndarray": [[1]]}}
COUNTER = """
class Model:
    def __init__(self):
        self.calls = 0

    def predict(self, X):
        self.calls += 1
        return [[self.calls]]
"""


@contextmanager
def redis_server(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which("redis-server")
    assert program, "redis-server is not installed: run bin/test, which installs it"
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, process)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    number = free_port()
    with redis_server(tmp_path_factory.mktemp("redis"), number):
        yield number


@pytest.fixture
def database(port: int) -> Iterator[redis.Redis]:
    client = redis.Redis(port=port)
    client.flushall()
    yield client
    client.close()


def variables(port: int, **more: str) -> dict[str, str]:
    return {
        "PERSISTENCE": "1",
        "REDIS_SERVICE_HOST": "127.0.0.1",
        "REDIS_SERVICE_PORT": str(port),
        "PERSISTENCE_KEY": SECRET,
        **more,
    }


class Counter:
    def __init__(self) -> None:
        self.calls = 0
        self.odd: object = None


class Bomb:
    """Tells by its unpickling that somebody unpickled it."""

    went_off = False

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Bomb.go_off, ()

    @staticmethod
    def go_off() -> None:
        Bomb.went_off = True


def keeper_of(
    port: int, *, secret: str | None = SECRET, model: str = "Counter", every: float = 60.0
) -> RedisKeeper:
    client = client_from({"REDIS_SERVICE_HOST": "127.0.0.1", "REDIS_SERVICE_PORT": str(port)})
    seal = Seal(KEY, model, secret.encode() if secret else None)
    return RedisKeeper(Store(client, KEY, patience=0.3), seal, every)


async def kept(keeper: RedisKeeper, counter: object) -> None:
    """Live for a moment, save at the end."""
    model = await loaded(counter)
    keeper.begin(model)
    await keeper.stop()


async def loaded(user: object) -> Model:
    model = Model(ServerSettings("Counter", Path("/")), Recorder(Unit()))
    await model.load(lambda: user)
    return model


# What users see, in processes of their own.


def test_a_model_goes_on_counting_where_it_was_stopped(
    tmp_path: Path, port: int, database: redis.Redis
) -> None:
    with serving(tmp_path, COUNTER, variables(port)) as server:
        answers = [server.ask(ROW).json["data"]["ndarray"] for _ in range(3)]
        code, _ = server.stop()
    with serving(tmp_path, COUNTER, variables(port)) as server:
        after = server.ask(ROW).json["data"]["ndarray"]

    assert (answers, code, after) == ([[[1]], [[2]], [[3]]], 0, [[4]])


def test_the_state_is_saved_from_time_to_time(tmp_path: Path, port: int, database: redis.Redis) -> None:
    with serving(tmp_path, COUNTER, variables(port, SELDON_PERSISTENCE_SECONDS="0.1")) as server:
        server.ask(ROW)
        time.sleep(0.5)
        server.process.kill()
        server.process.wait()
    with serving(tmp_path, COUNTER, variables(port)) as server:
        assert server.ask(ROW).json["data"]["ndarray"] == [[2]]


def test_every_worker_restores_and_one_saves(tmp_path: Path, port: int, database: redis.Redis) -> None:
    code = COUNTER.replace("[[self.calls]]", "[[__import__('os').getpid(), self.calls]]")
    with serving(tmp_path, code, variables(port)) as server:
        server.ask(ROW)
        server.stop()
    counts: dict[int, list[int]] = {}
    with serving(tmp_path, code, variables(port, GUNICORN_WORKERS="2")) as server:
        for _ in range(60):
            [[worker, calls]] = server.ask(ROW).json["data"]["ndarray"]
            counts.setdefault(worker, []).append(calls)
        code_of_end, _ = server.stop()
    with serving(tmp_path, code, variables(port)) as server:
        [[_, after]] = server.ask(ROW).json["data"]["ndarray"]

    assert code_of_end == 0
    assert [calls[0] for calls in counts.values()] == [2, 2]
    assert after - 1 in [calls[-1] for calls in counts.values()]


def test_a_refused_state_ends_every_worker(tmp_path: Path, port: int, database: redis.Redis) -> None:
    database.set(KEY, b"foreign")
    code, said = output_of_failure(tmp_path, COUNTER, variables(port, GUNICORN_WORKERS="2"))

    assert code == StateRefused.exit_code, said
    assert database.get(KEY) == b"foreign"


def test_the_key_is_that_of_older_wrappers(tmp_path: Path, port: int, database: redis.Redis) -> None:
    place = {"SELDON_DEPLOYMENT_ID": "shop", "PREDICTOR_ID": "main", "PREDICTIVE_UNIT_ID": "churn"}
    with serving(tmp_path, COUNTER, variables(port, **place)) as server:
        server.stop()

    assert database.keys() == [b"persistence_shop_main_churn"]


def test_a_refused_state_ends_the_start_and_stays(tmp_path: Path, port: int, database: redis.Redis) -> None:
    value = pickle.dumps({"calls": 1})
    database.set(KEY, value)
    code, said = output_of_failure(tmp_path, COUNTER, variables(port))

    assert code == StateRefused.exit_code
    assert "persistence.sign" in said
    assert "Traceback" not in said
    assert database.get(KEY) == value


def test_without_a_key_the_start_says_how_to_make_one(tmp_path: Path, port: int) -> None:
    code, said = output_of_failure(tmp_path, COUNTER, variables(port, PERSISTENCE_KEY=""))

    assert code == StateKeyUnusable.exit_code
    assert "secrets.token_hex(32)" in said


def test_persistence_of_older_images_is_off(tmp_path: Path) -> None:
    with serving(tmp_path, COUNTER, {"PERSISTENCE": "0"}) as server:
        assert server.ask(ROW).status == 200


def test_an_old_state_is_signed_once_and_restored(tmp_path: Path, port: int, database: redis.Redis) -> None:
    with serving(tmp_path, COUNTER, variables(port, PERSISTENCE_KEY="", PERSISTENCE_UNSIGNED="1")) as server:
        server.ask(ROW)
        server.stop()
    sign.sign({**variables(port), "MODEL_NAME": "Model"})
    with serving(tmp_path, COUNTER, variables(port)) as server:
        assert server.ask(ROW).json["data"]["ndarray"] == [[2]]


# What is refused.


def signed(state: bytes, *, secret: str = SECRET, key: str = KEY, model: str = "Counter") -> bytes:
    return Seal(key, model, secret.encode()).sealed(state)


GOOD = signed(pickle.dumps(Bomb()))
REFUSED = {
    "unsigned": pickle.dumps(Bomb()),
    "foreign": b"<html>",
    "empty": b"",
    "another key": signed(pickle.dumps(Bomb()), secret="f" * 64),
    "another component": signed(pickle.dumps(Bomb()), key="persistence_0_0_1"),
    "another model": signed(pickle.dumps(Bomb()), model="Other"),
    "another format": GOOD.replace(b"SELDON-STATE\x01", b"SELDON-STATE\x02"),
    "cut after its name": GOOD[:13],
    "cut in its digest": GOOD[:40],
    "cut in its header": GOOD[:70],
    "cut at its end": GOOD[:-1],
    "longer": GOOD + b".",
    "changed at its end": GOOD[:-1] + bytes([GOOD[-1] ^ 1]),
    "changed in its digest": GOOD[:30] + bytes([GOOD[30] ^ 1]) + GOOD[31:],
    "changed in its length": GOOD[:54] + bytes([GOOD[54] ^ 1]) + GOOD[55:],
}


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_ours_is_neither_read_nor_touched(port: int, database: redis.Redis, value: bytes) -> None:
    Bomb.went_off = False
    database.set(KEY, value)
    with pytest.raises(StateRefused):
        keeper_of(port).restore()

    assert not Bomb.went_off
    assert database.get(KEY) == value


@pytest.mark.parametrize("index", range(len(GOOD)))
def test_no_byte_can_be_changed_unnoticed(index: int) -> None:
    changed = GOOD[:index] + bytes([GOOD[index] ^ 0x20]) + GOOD[index + 1 :]
    with pytest.raises(StateRefused):
        Seal(KEY, "Counter", SECRET.encode()).opened(changed)


def test_a_signed_state_is_no_bare_pickle(port: int, database: redis.Redis) -> None:
    database.set(KEY, GOOD)
    with pytest.raises(StateRefused, match="is signed"):
        keeper_of(port, secret=None).restore()

    assert database.get(KEY) == GOOD


def test_a_state_whose_class_is_gone_stays(port: int, database: redis.Redis) -> None:
    value = signed(b"cNoSuchModule\nModel\n.")
    database.set(KEY, value)
    with pytest.raises(StateBroken, match="NoSuchModule"):
        keeper_of(port).restore()

    assert database.get(KEY) == value


def test_another_kind_of_value_ends_the_start_and_stays(port: int, database: redis.Redis) -> None:
    database.rpush(KEY, "a")
    with pytest.raises(StateUnreachable, match="WRONGTYPE"):
        keeper_of(port).restore()

    assert database.lrange(KEY, 0, -1) == [b"a"]


@pytest.mark.parametrize("value", [signed(b"x", secret="f" * 64), pickle.dumps(1), b""])
def test_what_the_user_vouches_for_is_signed_unread(port: int, database: redis.Redis, value: bytes) -> None:
    database.set(KEY, value)
    sign.sign({**variables(port), "MODEL_NAME": "Counter"})
    found = database.get(KEY)

    assert isinstance(found, bytes)
    assert bytes(Seal(KEY, "Counter", SECRET.encode()).opened(found)) in (b"x", pickle.dumps(1), b"")


def test_a_damaged_state_cannot_be_vouched_for(port: int, database: redis.Redis) -> None:
    database.set(KEY, GOOD[:-1])
    with pytest.raises(StateRefused, match="damaged"):
        sign.sign({**variables(port), "MODEL_NAME": "Counter"})

    assert database.get(KEY) == GOOD[:-1]


def test_nothing_cannot_be_signed(port: int, database: redis.Redis) -> None:
    with pytest.raises(StateRefused, match="does not exist"):
        sign.sign({**variables(port), "MODEL_NAME": "Counter"})


# Redis comes and goes.


def test_nothing_saved_is_no_state(port: int, database: redis.Redis) -> None:
    assert keeper_of(port).restore() is None


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


def test_a_wrong_password_is_not_tried_again(port: int, database: redis.Redis) -> None:
    database.config_set("requirepass", "right")
    try:
        client = client_from({"REDIS_URL": f"redis://127.0.0.1:{port}/0", "REDIS_PASSWORD": "wrong-one"})
        with pytest.raises(StateUnreachable) as caught:
            Store(client, KEY, patience=60).read()
        assert "wrong-one" not in str(caught.value)
    finally:
        redis.Redis(port=port, password="right").config_set("requirepass", "")


def test_the_password_may_lie_in_a_file(tmp_path: Path, port: int, database: redis.Redis) -> None:
    (tmp_path / "password").write_text("right\n")
    database.config_set("requirepass", "right")
    try:
        place = {"REDIS_SERVICE_HOST": "127.0.0.1", "REDIS_SERVICE_PORT": str(port)}
        client = client_from({**place, "REDIS_PASSWORD_FILE": str(tmp_path / "password")})
        assert Store(client, KEY).read() is None
    finally:
        redis.Redis(port=port, password="right").config_set("requirepass", "")


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
    port: int, database: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    counter = Counter()
    counter.odd = lambda: 1

    async def live() -> None:
        keeper = keeper_of(port, every=0.05)
        keeper.begin(await loaded(counter))
        await asyncio.sleep(0.4)
        await keeper.stop()

    asyncio.run(live())
    levels = [record.levelno for record in caplog.records]

    assert levels == [logging.WARNING, logging.ERROR]
    assert database.get(KEY) is None


def test_a_model_that_exits_while_it_is_pickled_serves_on(
    port: int, database: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    class Leaving:
        def __getstate__(self) -> object:
            raise SystemExit(3)

    asyncio.run(kept(keeper_of(port), Leaving()))

    assert "SystemExit" in caplog.text


def test_the_state_is_pickled_on_the_models_thread(port: int, database: redis.Redis) -> None:
    class Telling(Counter):
        def __getstate__(self) -> dict[str, object]:
            names.append(threading.current_thread().name)
            return {}

    names: list[str] = []
    asyncio.run(kept(keeper_of(port), Telling()))

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


# Keys.


def test_a_key_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n")

    assert secret_from({"PERSISTENCE_KEY_FILE": str(tmp_path / "key")}) == SECRET.encode()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"PERSISTENCE_KEY": " "},
        {"PERSISTENCE_KEY": "short"},
        {"PERSISTENCE_KEY": "short", "PERSISTENCE_UNSIGNED": "1"},
        {"PERSISTENCE_UNSIGNED": "0"},
        {"PERSISTENCE_KEY_FILE": "/dev/null"},
        {"PERSISTENCE_KEY_FILE": "/dev/null", "PERSISTENCE_UNSIGNED": "1"},
    ],
)
def test_an_unusable_key_is_refused(given: Mapping[str, str]) -> None:
    with pytest.raises(StateKeyUnusable) as caught:
        secret_from(given)

    assert "short" not in str(caught.value)


def test_a_key_file_that_is_missing_is_named() -> None:
    with pytest.raises(SettingInvalid, match="PERSISTENCE_KEY_FILE is '/no/such'"):
        secret_from({"PERSISTENCE_KEY_FILE": "/no/such"})


def test_a_key_beside_unsigned_still_signs() -> None:
    assert secret_from({"PERSISTENCE_KEY": SECRET, "PERSISTENCE_UNSIGNED": "1"}) == SECRET.encode()


def test_a_seal_never_shows_its_secret() -> None:
    assert SECRET not in repr(Seal(KEY, "Counter", SECRET.encode()))


def test_the_key_of_a_unit_without_names_is_full_of_zeros() -> None:
    assert state_key(Unit()) == KEY
