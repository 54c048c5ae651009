"""A folder served without an image, started again when it changes."""

from __future__ import annotations

import json
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from seldon_builder.local.serving_locally import Prepared, serve
from seldon_runtime.errors import PortUnavailable

from tests.conftest import free_port
from tests.served import Server

# The environment of the tests has what the server needs.
PROGRAM = """
import json, sys
from pathlib import Path
from seldon_builder.errors import SeldonError
from seldon_builder.local.serving_locally import Prepared, serve

folder, port, given, beside = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]), Path(sys.argv[4])

class Broken(SeldonError):
    exit_code = 3

def prepare():
    settings = folder / ".s2i/environment"
    lines = settings.read_text().splitlines() if settings.exists() else []
    if "BROKEN" in lines:
        raise Broken("the settings are broken")
    return Prepared(Path(sys.prefix), given | dict(line.split("=") for line in lines))

def say(text):
    print(text, flush=True)

try:
    sys.exit(serve(folder, prepare, say, port=port, also=(beside,)))
except SeldonError as error:
    sys.exit(error.exit_code)
"""
MODEL = "class Model:\n    def predict(self, X):\n        return X * {}\n"


class Local:
    """A served folder, as a process whose lines can be waited for."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder, self.port = folder, free_port()
        self.beside = folder.parent / "variables.env"
        given = json.dumps({"MODEL_NAME": "Model", "PATH": "/usr/bin:/bin", **variables})
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder), str(self.port), given, str(self.beside)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def said(self, words: str) -> str:
        """Return what was said up to the line with these words."""
        text = ""
        while words not in text:
            line = self._lines.get(timeout=20)
            assert line, f"it ended without saying {words!r}: {text}"
            text += line
        return text

    def predict(self) -> object:
        server = Server(self.process, self.port)
        return server.ask({"data": {"ndarray": [1]}}).json["data"]["ndarray"]

    def write(self, code: str, name: str = "Model.py") -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(20)
        self._reader.join()
        return code


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "Model.py").write_text(MODEL.format(2))
    return folder


@pytest.fixture
def local(model: Path) -> Iterator[Local]:
    served = Local(model)
    yield served
    if served.process.poll() is None:
        served.end()
    assert served.process.stdout
    served.process.stdout.close()


def test_a_folder_is_served_and_the_command_that_asks_it_is_printed(local: Local) -> None:
    local.said(f"curl -s http://localhost:{local.port}/api/v1.0/predictions")

    assert local.predict() == [2]


def test_a_changed_file_is_served_anew(local: Local) -> None:
    local.said("predictions")
    local.write(MODEL.format(3))
    local.said("Restarting: Model.py changed")
    local.said("predictions")

    assert local.predict() == [3]


@pytest.mark.parametrize("change", ["weights.bin", "added.py"])
def test_a_new_file_counts_as_a_change(local: Local, change: str) -> None:
    local.said("predictions")
    local.write("1", change)

    assert f"Restarting: {change} changed" in local.said("predictions")


def test_a_file_that_takes_no_part_changes_nothing(local: Local) -> None:
    local.said("predictions")
    (local.folder / "__pycache__").mkdir()
    local.write("1", "__pycache__/Model.cpython-311.pyc")
    time.sleep(1.2)

    assert local.end() == 0
    assert "Restarting" not in "".join(iter(local._lines.get, ""))


def test_a_broken_edit_is_told_and_mended(local: Local) -> None:
    local.said("predictions")
    local.write("class Model")
    told = local.said("starts again when a file of the source changes")
    local.write(MODEL.format(4))
    local.said("predictions")

    assert "SyntaxError" in told
    assert local.predict() == [4]


def test_an_edited_setting_is_served(local: Local) -> None:
    local.said("predictions")
    local.write("class Other:\n    def predict(self, X):\n        return X * 5\n", "Other.py")
    local.write("MODEL_NAME=Other\n", ".s2i/environment")
    local.said("Restarting: .s2i/environment changed")
    local.said("predictions")

    assert local.predict() == [5]


def test_settings_that_cannot_be_used_are_told_and_nothing_is_served_until_they_can(local: Local) -> None:
    local.said("predictions")
    local.write("BROKEN\n", ".s2i/environment")
    told = local.said("Nothing is served now. It starts again when")
    with pytest.raises(OSError, match="refused"):
        local.predict()
    local.write("", ".s2i/environment")
    local.said("predictions")

    assert "error: the settings are broken" in told
    assert local.predict() == [2]


def test_a_setting_that_the_server_refuses_is_waited_out_after_a_change(local: Local) -> None:
    local.said("predictions")
    local.write("PREDICTIVE_UNIT_PARAMETERS=nonsense\n", ".s2i/environment")
    local.said("The server ended with status 64")
    local.write("", ".s2i/environment")
    local.said("predictions")

    assert local.predict() == [2]


@pytest.mark.parametrize("name", ["wheels/one-1.0-py3-none-any.whl", "project.toml", "../variables.env"])
def test_what_takes_no_part_in_an_image_but_decides_it_counts(local: Local, name: str) -> None:
    local.said("predictions")
    local.write("broken = = \n", name)

    shown = local.beside if name.startswith("..") else name
    assert f"Restarting: {shown} changed" in local.said("predictions")


def test_settings_that_cannot_be_used_at_the_start_end_it(model: Path) -> None:
    (model / ".s2i").mkdir()
    (model / ".s2i/environment").write_text("BROKEN")
    served = Local(model)
    code = served.process.wait(20)
    served._reader.join()
    assert served.process.stdout
    served.process.stdout.close()

    assert code == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_server_too(local: Local, number: int) -> None:
    local.said("predictions")

    assert local.end(number) == 0
    with pytest.raises(OSError, match="refused"):
        local.predict()


def test_an_interrupt_lets_the_last_answer_out(local: Local) -> None:
    local.said("predictions")
    local.write(
        "import time\nclass Model:\n    def predict(self, X):\n        time.sleep(1)\n        return X\n"
    )
    local.said("predictions")
    answers: list[object] = []
    asking = threading.Thread(target=lambda: answers.append(local.predict()))
    asking.start()
    time.sleep(0.3)
    code = local.end()
    asking.join()

    assert (code, answers) == (0, [[1]])


def test_what_no_edit_can_mend_ends_it(model: Path) -> None:
    served = Local(model, PREDICTIVE_UNIT_PARAMETERS="nonsense")
    said = served.said("hint")
    code = served.process.wait(20)
    served._reader.join()
    assert served.process.stdout
    served.process.stdout.close()

    assert (code, "PREDICTIVE_UNIT_PARAMETERS" in said) == (64, True)


def test_a_port_of_somebody_else_ends_it_before_it_says_that_it_serves(model: Path) -> None:
    said = list[str]()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortUnavailable, match="choose another with --port"):
            serve(model, lambda: Prepared(Path(sys.prefix), {}), said.append, port=taken.getsockname()[1])

    assert said == []


def test_nothing_is_written_into_the_folder(local: Local) -> None:
    local.said("predictions")
    local.predict()

    assert [path.name for path in local.folder.rglob("*")] == ["Model.py"]
