"""One value in Redis."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import redis
from redis import exceptions

from ..errors import SettingInvalid, StateUnreachable
from ..variables import whole
from .place import secret_text

# Redis and the component often start together: its name must be known, its data loaded.
PATIENCE = 10.0
CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 15.0


class Store:
    """The value under ``key``, read with ``patience`` (seconds) and written at once.

    Every use has a connection of its own: one that idles for a minute is one that a firewall forgets.
    """

    def __init__(self, client: redis.Redis, key: str, patience: float = PATIENCE) -> None:
        self.key, self.client = key, client
        self._patience = patience
        given = client.connection_pool.connection_kwargs
        self.place = str(given.get("path") or f"{given.get('host')}:{given.get('port')}")

    def read(self) -> bytes | None:
        """Return the value, None where there is none; StateUnreachable."""
        end, pause = time.monotonic() + self._patience, 0.05
        while True:
            try:
                return self._read()
            except (exceptions.ConnectionError, exceptions.TimeoutError) as error:
                if isinstance(error, exceptions.AuthenticationError) or time.monotonic() + pause > end:
                    raise StateUnreachable(self.key, self.place, error) from None
            except Exception as error:  # noqa: BLE001 - what is no Redis makes the client fail in any way
                raise StateUnreachable(self.key, self.place, error) from None
            finally:
                self.client.connection_pool.disconnect()
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def _read(self) -> bytes | None:
        found: Any = self.client.get(self.key)
        if found is None or isinstance(found, bytes):
            return found
        raise exceptions.InvalidResponse(f"a {type(found).__name__} is no answer to GET")

    def write(self, value: bytes) -> None:
        """Replace the value; RedisError."""
        try:
            self.client.set(self.key, value)
        finally:
            self.client.connection_pool.disconnect()


def client_from(variables: Mapping[str, str]) -> redis.Redis:
    """Return the client that the variables describe, not yet connected; SettingInvalid."""
    options: dict[str, Any] = {
        "password": secret_text(variables, "REDIS_PASSWORD"),
        "socket_timeout": ANSWER_SECONDS,
        "socket_connect_timeout": CONNECT_SECONDS,
        **_without_retries(),
    }
    url = variables.get("REDIS_URL", "").strip()
    if not url:
        host = variables.get("REDIS_SERVICE_HOST", "").strip() or "localhost"
        port = whole(variables, "REDIS_SERVICE_PORT", 6379, low=1, high=65535)
        return redis.Redis(host=host, port=port, **options)
    if url.startswith("unix:"):
        # A socket is there or not; before 4.1 the option is unknown there.
        del options["socket_connect_timeout"]
    try:
        client = redis.Redis.from_url(url, **options)
        # Not yet connected, but its query has been read.
        client.connection_pool.make_connection()
        return client
    except (ValueError, TypeError):
        # Neither the value nor the cause: both may hold the password.
        wanted = "redis://user:password@host:port/0, or rediss:// for TLS, special characters as %xx"
        raise SettingInvalid("REDIS_URL", "***", wanted) from None


def _without_retries() -> Mapping[str, Any]:
    """Return the options that keep the client from trying again by itself, for longer than we may wait."""
    try:
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:  # before 4.0, which does not
        return {}
    return {"retry": Retry(NoBackoff(), 0)}
