"""The oldest libraries that the gRPC runtime says to work with, on the oldest Python."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import grpc
import pytest
from seldon_runtime.grpc.plugin import REQUIREMENTS
from seldon_runtime.proto.messages import SELDON_MESSAGE

from tests.runtime.grpc_served import serving_grpc
from tests.runtime.test_proto_messages import SAID, round_trip

pytestmark = pytest.mark.network
MODEL = "class Model:\n    def predict(self, X, names):\n        return X * 2\n"


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python 3.10 with exactly the lower bounds of the requirements."""
    known = [*Path.home().glob(".pyenv/versions/3.10*/bin/python"), shutil.which("python3.10")]
    base = next((str(path) for path in known if path), None)
    if base is None:
        pytest.skip("there is no Python 3.10")
    folder = tmp_path_factory.mktemp("oldest")
    python = str(folder / "bin" / "python")
    subprocess.run(["uv", "venv", "-q", "--python", base, str(folder)], check=True)
    pins = [line.replace(">=", "==") for line in (*REQUIREMENTS, "pluggy>=1.0")]
    subprocess.run(["uv", "pip", "install", "-q", "--python", python, *pins], check=True)
    return python


@pytest.mark.parametrize("implementation", ["cpp", "python"])
def test_messages_work_with_the_oldest_protobuf(oldest: str, implementation: str) -> None:
    assert round_trip(oldest, {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": implementation}) == SAID


def test_the_server_works_with_the_oldest_grpcio_and_nothing_of_rest(oldest: str, tmp_path: Path) -> None:
    asked = SELDON_MESSAGE()
    asked.data.tensor.shape.append(1)  # type: ignore[attr-defined]
    asked.data.tensor.values.append(1.5)  # type: ignore[attr-defined]
    with serving_grpc(
        tmp_path, MODEL, {"API_TYPE": "GRPC", "SELDON_RUNTIMES": "grpc"}, python=oldest
    ) as server:
        answer = server.ask(asked)
        with pytest.raises(grpc.RpcError) as failed:
            server.call("/seldon.protos.Model/Predict", b"\xff")
        watched = server.channel.unary_stream("/grpc.health.v1.Health/Watch")(b"")
        first = next(watched)
        code, seconds = server.stop()
        others = list(watched)

    assert list(answer.data.tensor.values) == [3.0]
    assert failed.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    # The news that it stops may come too late for a busy machine.
    assert (first, set(others) - {b"\x08\x02"}) == (b"\x08\x01", set())
    assert (code, seconds < 2) == (0, True)
