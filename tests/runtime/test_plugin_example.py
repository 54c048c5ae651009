"""A runtime of somebody else, beside ours: examples/plugin-json-lines."""

from __future__ import annotations

import json
import os
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.runtime.workers import TWO, workers_of, working
from tests.served import RUNTIMES, Server, serving, until

EXAMPLE = Path(__file__).parents[2] / "examples/plugin-json-lines"
DOUBLE = """
import time

class Model:
    def predict(self, X):
        if isinstance(X, str):
            time.sleep(float(X))
            return X
        return X * 2
"""
ASKED = '{"data": {"ndarray": [[1.0, 2.0]]}}'


@pytest.fixture
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What serves lines too, as if the example's distribution were installed."""
    place = tmp_path_factory.mktemp("installed")
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    info = place / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    entries = project["entry-points"]["seldon_runtime"].items()
    (info / "entry_points.txt").write_text(
        "[seldon_runtime]\n" + "".join(f"{name} = {module}\n" for name, module in entries)
    )
    path = os.pathsep.join(map(str, (RUNTIMES, EXAMPLE, place)))
    return {"PYTHONPATH": path, "JSON_LINES": "1", "JSON_LINES_PORT": str(free_port())}


@contextmanager
def connected(variables: dict[str, str]) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", int(variables["JSON_LINES_PORT"])), 10) as connection:
        yield connection


def ask(connection: socket.socket, *lines: str) -> list[object]:
    connection.sendall("".join(f"{line}\n" for line in lines).encode())
    with connection.makefile() as answers:
        return [json.loads(answers.readline()) for _ in lines]


def test_it_answers_beside_ours_and_tells_what_is_wrong(tmp_path: Path, variables: dict[str, str]) -> None:
    with serving(tmp_path, DOUBLE, variables) as server, connected(variables) as connection:
        answers = ask(connection, ASKED, "{", ASKED)
        rest = server.ask(json.loads(ASKED)).json

    assert [answers[0], answers[2]] == [rest, rest]
    assert answers[1] == {"error": "PayloadInvalid", "info": answers[1]["info"]}  # type: ignore[index]


def test_it_is_counted(tmp_path: Path, variables: dict[str, str]) -> None:
    with serving(tmp_path, DOUBLE, variables) as server, connected(variables) as connection:
        ask(connection, ASKED, "{")
        shown = metrics_of(server)

    for code in ("OK", "PayloadInvalid"):
        assert any(f'protocol="lines",code="{code}"' in line and line.endswith(" 1.0") for line in shown)


def metrics_of(server: Server) -> list[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics") as reply:
        lines: list[str] = reply.read().decode().splitlines()
    return lines


def test_what_was_asked_is_answered_before_the_server_ends(tmp_path: Path, variables: dict[str, str]) -> None:
    with (
        serving(tmp_path, DOUBLE, variables) as server,
        connected(variables) as asking,
        connected(variables),
        asking.makefile() as answers,
    ):
        asking.sendall(b'{"strData": "0.3"}\n{"strData": "0"}\n')
        until(lambda: any('in_flight{protocol="lines"' in line for line in metrics_of(server)))
        code, seconds = server.stop()
        said = answers.read().splitlines()

    assert [json.loads(line)["strData"] for line in said] == ["0.3", "0"]
    assert (code, seconds < 5) == (0, True)


def test_workers_share_its_port(tmp_path: Path, variables: dict[str, str]) -> None:
    code = "import os\nclass Model:\n    def predict(self, X):\n        return [os.getpid()]\n"
    with working(tmp_path, code, {**variables, **TWO}) as server:
        seen: set[object] = set()

        def both() -> bool:
            with connected(variables) as first, connected(variables) as second:
                for connection in (first, second):
                    (answer,) = ask(connection, ASKED)
                    seen.update(answer["data"]["ndarray"])  # type: ignore[index]
            return len(seen) > 1

        until(both)
        assert seen == set(workers_of(server))


def test_it_is_silent_where_nobody_asks_for_it(tmp_path: Path, variables: dict[str, str]) -> None:
    with (
        serving(tmp_path, DOUBLE, {**variables, "JSON_LINES": "0"}),
        pytest.raises(ConnectionRefusedError),
        connected(variables),
    ):
        pass
