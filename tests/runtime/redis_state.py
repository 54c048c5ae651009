"""A Redis, and keepers of states in it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seldon_runtime.component.unit import Unit
from seldon_runtime.metrics.recorder import Recorder
from seldon_runtime.model import Model
from seldon_runtime.persistence.keeper import RedisKeeper
from seldon_runtime.persistence.seal import Seal
from seldon_runtime.persistence.store import Store, client_from
from seldon_runtime.settings import ServerSettings

from tests.conftest import wait_for_port

SECRET = "0123456789abcdef" * 4
KEY = "persistence_0_0_0"


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
