"""States that are not trusted, and the keys that they are signed with."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
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
from seldon_runtime.persistence import sign
from seldon_runtime.persistence.place import secret_from, state_key
from seldon_runtime.persistence.seal import Seal

from tests.runtime.redis_state import KEY, SECRET, keeper_of, variables


class Bomb:
    """Tells by its unpickling that somebody unpickled it."""

    went_off = False

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Bomb.go_off, ()

    @staticmethod
    def go_off() -> None:
        Bomb.went_off = True


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
def test_what_is_not_ours_is_neither_read_nor_touched(
    redis_port: int, database: redis.Redis, value: bytes
) -> None:
    Bomb.went_off = False
    database.set(KEY, value)
    with pytest.raises(StateRefused):
        keeper_of(redis_port).restore()

    assert not Bomb.went_off
    assert database.get(KEY) == value


@pytest.mark.parametrize("index", range(len(GOOD)))
def test_no_byte_can_be_changed_unnoticed(index: int) -> None:
    changed = GOOD[:index] + bytes([GOOD[index] ^ 0x20]) + GOOD[index + 1 :]
    with pytest.raises(StateRefused):
        Seal(KEY, "Counter", SECRET.encode()).opened(changed)


def test_a_signed_state_is_no_bare_pickle(redis_port: int, database: redis.Redis) -> None:
    database.set(KEY, GOOD)
    with pytest.raises(StateRefused, match="is signed"):
        keeper_of(redis_port, secret=None).restore()

    assert database.get(KEY) == GOOD


def test_a_state_whose_class_is_gone_stays(redis_port: int, database: redis.Redis) -> None:
    value = signed(b"cNoSuchModule\nModel\n.")
    database.set(KEY, value)
    with pytest.raises(StateBroken, match="NoSuchModule"):
        keeper_of(redis_port).restore()

    assert database.get(KEY) == value


def test_another_kind_of_value_ends_the_start_and_stays(redis_port: int, database: redis.Redis) -> None:
    database.rpush(KEY, "a")
    with pytest.raises(StateUnreachable, match="WRONGTYPE"):
        keeper_of(redis_port).restore()

    assert database.lrange(KEY, 0, -1) == [b"a"]


@pytest.mark.parametrize("value", [signed(b"x", secret="f" * 64), pickle.dumps(1), b""])
def test_what_the_user_vouches_for_is_signed_unread(
    redis_port: int, database: redis.Redis, value: bytes
) -> None:
    database.set(KEY, value)
    sign.sign({**variables(redis_port), "MODEL_NAME": "Counter"})
    found = database.get(KEY)

    assert isinstance(found, bytes)
    assert bytes(Seal(KEY, "Counter", SECRET.encode()).opened(found)) in (b"x", pickle.dumps(1), b"")


def test_a_damaged_state_cannot_be_vouched_for(redis_port: int, database: redis.Redis) -> None:
    database.set(KEY, GOOD[:-1])
    with pytest.raises(StateRefused, match="damaged"):
        sign.sign({**variables(redis_port), "MODEL_NAME": "Counter"})

    assert database.get(KEY) == GOOD[:-1]


def test_nothing_cannot_be_signed(redis_port: int, database: redis.Redis) -> None:
    with pytest.raises(StateRefused, match="does not exist"):
        sign.sign({**variables(redis_port), "MODEL_NAME": "Counter"})


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
