"""Services that the runtime's tests need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from tests.conftest import free_port
from tests.runtime.redis_state import redis_server


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    number = free_port()
    with redis_server(tmp_path_factory.mktemp("redis"), number):
        yield number


@pytest.fixture
def database(redis_port: int) -> Iterator[redis.Redis]:
    client = redis.Redis(port=redis_port)
    client.flushall()
    yield client
    client.close()
