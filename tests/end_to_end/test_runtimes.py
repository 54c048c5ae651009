"""One image, served in every way that its variables can ask for when it runs."""

from __future__ import annotations

import json
import random
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from seldon_runtime.plugins import BUILT_INS, requirements
from seldon_runtime.proto.messages import SELDON_MESSAGE

from tests.conftest import free_port

from .conftest import DOCKER, Container, command_line, docker

pytestmark = [pytest.mark.docker, pytest.mark.network]
ROWS = [[1.0, 2.0], [3.0, 4.0]]
MEGABYTE = random.Random(4).randbytes(1 << 20)
PASSTHROUGH = ("--env", "PAYLOAD_PASSTHROUGH=true")
GUNICORN = ("--env", "GUNICORN_WORKERS=2")
PREDICT = "/seldon.protos.Seldon/Predict"
UNKNOWN_USERS = ("12345:0", "12345:12345")


@dataclass(frozen=True)
class Served:
    """A container with the ports of this machine that lead to it."""

    container: Container
    rpc_port: int
    metrics_port: int

    def post(self, body: bytes, content_type: str, path: str = "/predict") -> tuple[bytes, str]:
        url = f"http://127.0.0.1:{self.container.port}{path}"
        asked = urllib.request.Request(url, body, {"Content-Type": content_type})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.read(), answer.headers["Content-Type"]

    def rest(self) -> object:
        return self.container.predict({"data": {"ndarray": ROWS}})["data"]["ndarray"]

    def rpc(self, body: bytes, path: str = PREDICT) -> bytes:
        with grpc.insecure_channel(f"127.0.0.1:{self.rpc_port}") as channel:
            answer = channel.unary_unary(path, bytes, bytes)(body, timeout=60, wait_for_ready=True)
        return bytes(answer)

    def grpc(self) -> object:
        message = SELDON_MESSAGE()
        message.data.ndarray.extend([[row[0], row[1]] for row in ROWS])  # type: ignore[attr-defined]
        answer = SELDON_MESSAGE.FromString(self.rpc(message.SerializeToString()))
        return [list(row) for row in answer.data.ndarray]  # type: ignore[attr-defined]

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=30) as answer:
            return str(answer.read().decode())

    @property
    def listening(self) -> set[int]:
        """The ports that are open inside, as the kernel lists them."""
        code = (
            "print(*(int(l.split()[1].split(':')[1], 16) for f in ('tcp', 'tcp6') "
            "for l in open(f'/proc/net/{f}').readlines()[1:] if l.split()[3] == '0A'))"
        )
        return {int(port) for port in docker("exec", self.container.id, "python", "-c", code).split()}


Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def build(
    docker_host: str, shared_store: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., str]:
    seldon = command_line(shared_store, tmp_path_factory.mktemp("runtimes"))

    def run(name: str, *options: str) -> str:
        image = f"seldon-test-runtimes:{name}"
        outcome = seldon("build", repository / "tests/models/echo", image, "--output", "docker", *options)
        assert outcome.code == 0, outcome.err
        return image

    return run


@pytest.fixture(scope="session")
def image(build: Callable[..., str]) -> str:
    return build("full")


@pytest.fixture(scope="session")
def slim(build: Callable[..., str]) -> str:
    return build("rest", "--runtime", "rest")


@pytest.fixture
def serve(start: Callable[..., Container], image: str) -> Serve:
    """Run the image, or another, and wait until it serves ``over`` what it is asked by."""

    def run(*flags: str, name: str = "", over: str = "rest") -> Served:
        rpc, metrics = free_port(), free_port()
        ports = ("--publish", f"127.0.0.1:{rpc}:5000", "--publish", f"127.0.0.1:{metrics}:6000")
        served = Served(start(name or image, *ports, *flags), rpc, metrics)
        if over == "rest":
            served.container.wait()
        else:
            wait_for_rpc(served)
        return served

    return run


def wait_for_rpc(served: Served) -> None:
    for _ in range(300):
        try:
            if served.rpc(b"", "/grpc.health.v1.Health/Check") == b"\x08\x01":
                return
        except grpc.RpcError:
            running = docker("inspect", "--format", "{{.State.Running}}", served.container.id)
            assert running == "true", served.container.log()
        time.sleep(0.1)
    raise AssertionError(served.container.log())


def counted(served: Served) -> dict[str, int]:
    """Return how many predictions the metrics tell of, by protocol."""
    pattern = r'^seldon_api_server_request_duration_seconds_count\{method="predict",protocol="(\w+)".* (\S+)$'
    return {name: int(float(value)) for name, value in re.findall(pattern, served.metrics(), re.MULTILINE)}


def test_by_default_rest_grpc_and_metrics_are_one_process_with_one_model(serve: Serve) -> None:
    served = serve()

    assert served.rest() == served.grpc() == ROWS
    assert served.listening == {9000, 5000, 6000}
    assert counted(served) == {"rest": 1, "grpc": 1}
    top = docker("top", served.container.id, "-o", "pid").splitlines()
    assert len(top[1:]) == 1


def test_the_image_exposes_the_ports_that_it_listens_on(image: str, slim: str) -> None:
    exposed = [
        sorted(json.loads(docker("image", "inspect", "--format", "{{json .Config.ExposedPorts}}", name)))
        for name in (image, slim)
    ]

    assert exposed == [["5000/tcp", "6000/tcp", "9000/tcp"], ["6000/tcp", "9000/tcp"]]


@pytest.mark.parametrize(("api_type", "open_ports"), [("REST", {9000, 6000}), ("GRPC", {5000, 6000})])
def test_one_protocol_alone_at_deploy_time(serve: Serve, api_type: str, open_ports: set[int]) -> None:
    served = serve("--env", f"API_TYPE={api_type}", over=api_type.lower())

    assert served.listening == open_ports
    assert (served.rest() if api_type == "REST" else served.grpc()) == ROWS


def test_gunicorn_at_deploy_time_serves_all_of_it_with_workers(serve: Serve) -> None:
    served = serve(*GUNICORN)

    assert [served.rest() for _ in range(20)] == [served.grpc() for _ in range(20)] == [ROWS] * 20
    assert counted(served) == {"rest": 20, "grpc": 20}
    assert len(docker("top", served.container.id, "-o", "pid").splitlines()[1:]) >= 3
    seconds, code = served.container.stop()
    assert (code, seconds < 10) == (0, True)


CONTENT_TYPES = ["application/octet-stream", "image/png", "application/json", "text/plain; charset=latin-1"]


@pytest.mark.parametrize("flags", [PASSTHROUGH, (*PASSTHROUGH, *GUNICORN)], ids=["alone", "gunicorn"])
def test_a_megabyte_passes_through_untouched(serve: Serve, flags: tuple[str, ...]) -> None:
    served = serve(*flags)

    assert [served.post(MEGABYTE, kind) for kind in CONTENT_TYPES] == [
        (MEGABYTE, kind) for kind in CONTENT_TYPES
    ]
    assert served.rpc(MEGABYTE) == MEGABYTE


@pytest.mark.parametrize("user", UNKNOWN_USERS)
@pytest.mark.parametrize("flags", [(), GUNICORN], ids=["alone", "gunicorn"])
def test_any_user_may_run_it_on_a_read_only_root(serve: Serve, user: str, flags: tuple[str, ...]) -> None:
    strict = ("--read-only", "--user", user, "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    served = serve(*strict, *flags)

    assert served.rest() == served.grpc() == ROWS
    assert counted(served) == {"rest": 1, "grpc": 1}
    assert "Traceback" not in served.container.log()
    assert served.container.stop()[1] == 0


@contextmanager
def ended(name: str, *flags: str) -> Iterator[subprocess.CompletedProcess[str]]:
    yield subprocess.run(
        [DOCKER, "run", "--rm", *flags, name], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("variable", "runtime"),
    [("API_TYPE=GRPC", "grpc"), ("GUNICORN_WORKERS=2", "gunicorn"), ("PERSISTENCE=1", "persistence")],
)
def test_a_slim_image_that_is_asked_for_more_names_the_option(slim: str, variable: str, runtime: str) -> None:
    with ended(slim, "--env", variable) as done:
        assert done.returncode == 69, done.stderr
        assert f"The variables ({variable}) ask for the runtime {runtime}" in done.stderr
        assert "build it again with --runtime " in done.stderr
        assert runtime in done.stderr.partition("--runtime ")[2].split(" ")[0].split(",")


def test_a_slim_image_serves_what_it_was_made_for(serve: Serve, slim: str) -> None:
    served = serve(name=slim)

    assert served.rest() == ROWS
    assert served.listening == {9000, 6000}


def test_a_slim_image_for_grpc_alone_needs_nothing_of_rest(serve: Serve, build: Callable[..., str]) -> None:
    served = serve(name=build("grpc", "--runtime", "grpc"), over="grpc")

    assert served.grpc() == ROWS
    assert served.listening == {5000}


def installed(name: str) -> dict[str, str]:
    code = (
        "import importlib.metadata as m, json; "
        "print(json.dumps({d.name: d.version for d in m.distributions()}))"
    )
    found: dict[str, str] = json.loads(docker("run", "--rm", "--entrypoint", "python", name, "-c", code))
    return found


def test_a_slim_image_is_smaller_by_what_it_lacks(
    image: str, slim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = [int(docker("image", "inspect", "--format", "{{.Size}}", name)) for name in (image, slim)]
    with capsys.disabled():
        print(f"\nimage sizes: full {sizes[0] / 1e6:.1f} MB, --runtime rest {sizes[1] / 1e6:.1f} MB")

    assert sizes[1] < sizes[0] - 10_000_000
    assert {"grpcio", "gunicorn", "redis", "protobuf"} <= installed(image).keys() - installed(slim).keys()


def test_the_variable_and_the_option_make_the_same_image(build: Callable[..., str], slim: str) -> None:
    other = build("variable", "-e", "SELDON_RUNTIMES=rest")

    ids = [docker("image", "inspect", "--format", "{{.Id}}", name) for name in (slim, other)]
    assert ids[0] == ids[1]
    assert len(requirements(["rest"])) < len(requirements())
    variables = docker("image", "inspect", "--format", "{{json .Config.Env}}", slim)
    (names,) = (pair for pair in json.loads(variables) if pair.startswith("SELDON_RUNTIMES="))
    assert set(names.partition("=")[2].split(",")) < set(BUILT_INS)
