"""Servers with several workers, and clients that never rest."""

from __future__ import annotations

import http.client
import json
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.served import PREDICTIONS, Server, exchange, start, until, wait_until_ready

# Who answered, after a sleep of so many seconds.
WHO = """
import os, time

class Model:
    def load(self):
        time.sleep(float(os.environ.get("LOAD_SECONDS", 0)))

    def predict(self, X):
        time.sleep(float(X[0]))
        return [os.getpid()]
"""
AT_ONCE = '{"data":{"ndarray":[0]}}'
TWO = {"GUNICORN_WORKERS": "2"}


@contextmanager
def working(folder: Path, code: str = WHO, variables: Mapping[str, str] = TWO) -> Iterator[Server]:
    """Serve with a master and its workers, and end them all."""
    server = start(folder, code, variables)
    try:
        wait_until_ready(server)
        yield server
    finally:
        with suppress(ProcessLookupError):
            server.process.send_signal(signal.SIGQUIT)
        server.process.communicate(timeout=30)


def workers_of(server: Server) -> list[int]:
    """Return the ids of the workers, oldest first."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def who(server: Server, seconds: float = 0) -> int:
    """Ask which worker answers."""
    return int(server.ask({"data": {"ndarray": [seconds]}}).json["data"]["ndarray"][0])


def until_both_answer(server: Server) -> None:
    seen: Counter[int] = Counter()

    def both() -> bool:
        seen[who(server)] += 1
        return len(seen) > 1

    until(both)


@dataclass
class Load:
    """What clients got so far: how many answers of each worker, and everything that was no answer."""

    answers: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@contextmanager
def load(server: Server, clients: int = 8, *, keep_alive: bool = True) -> Iterator[Load]:
    """Ask without rest, on connections that are kept where ``keep_alive``, until the block ends."""
    found, ending = Load(), threading.Event()
    ask = _on_one_connection if keep_alive else _on_new_connections
    threads = [threading.Thread(target=ask, args=(server, found, ending)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def _on_new_connections(server: Server, found: Load, ending: threading.Event) -> None:
    while not ending.is_set():
        connection = server.connect()
        _ask(connection, found)
        connection.close()


def _on_one_connection(server: Server, found: Load, ending: threading.Event) -> None:
    connection = server.connect()
    while not ending.is_set():
        if not _ask(connection, found):
            connection.close()
            connection = server.connect()
    connection.close()


def _ask(connection: http.client.HTTPConnection, found: Load) -> bool:
    """Ask once; return whether the connection goes on."""
    try:
        reply = exchange(connection, "POST", PREDICTIONS, AT_ONCE)
    except (OSError, http.client.HTTPException) as error:
        found.failures.append(repr(error))
        return False
    if reply.status == 200:
        found.answers[json.loads(reply.body)["data"]["ndarray"][0]] += 1
    else:
        found.failures.append(f"{reply.status} {reply.body!r}")
    return reply.headers.get("connection") != "close"
