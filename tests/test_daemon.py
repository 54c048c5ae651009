from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

import pytest
from seldon_builder.connections import Connections
from seldon_builder.destination import Output
from seldon_builder.errors.destination import DaemonRefused, DaemonUnreachable, ImageNotFound
from seldon_builder.errors.store import BlobCorrupt
from seldon_builder.events import Event, silent
from seldon_builder.image import Image
from seldon_builder.layer import LayerKind
from seldon_builder.media.daemon import DaemonDestination, daemon_answers, shared_layers
from seldon_builder.media.daemon_source import image_from_daemon
from seldon_builder.media.docker_engine import Engine
from seldon_builder.media.manifests import BASE_NAME
from seldon_builder.reference import Reference
from seldon_builder.store import Store
from seldon_plugins.destinations import docker as destination_docker

from . import sample_images
from .fake_registry import Fault, running
from .sample_images import docker, make_layer

NAME = "seldon-test/daemon"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def engine(docker_host: str) -> Iterator[Connections]:
    yield Connections(docker_host=docker_host)
    names = docker(docker_host, "images", "--format", "{{.Repository}}:{{.Tag}}", NAME).split()
    if names:
        docker(docker_host, "rmi", "-f", *names)
    docker(docker_host, "image", "prune", "-f", "--filter", "label=purpose=test")


def make_image(store: Store, app: bytes = b"app", size: int = 200_000) -> Image:
    """An image of which the engine has nothing from another test."""
    return sample_images.make_image(store, app, size, seed=str(store.root))


def destination(connections: Connections, tag: str = "1", emit: Any = silent) -> DaemonDestination:
    return DaemonDestination(Reference.parse(f"{NAME}:{tag}"), connections, emit)


@pytest.mark.docker
def test_docker_runs_a_loaded_image(engine: Connections, store: Store) -> None:
    image = make_image(store)
    written = destination(engine).write(image)
    assert docker(engine.docker_host, "run", "--rm", f"{NAME}:1") == "hello"
    found = docker(engine.docker_host, "inspect", "-f", "{{.Id}}", f"{NAME}:1")
    assert found == str(image.config_digest)
    assert (written.layers_written, written.layers_reused) == (3, 0)


@pytest.mark.docker
def test_an_image_that_is_there_only_gets_its_name(engine: Connections, store: Store) -> None:
    image = make_image(store)
    destination(engine, "1").write(image)
    written = destination(engine, "2").write(image)
    assert written.bytes_written == 0
    assert docker(engine.docker_host, "inspect", "-f", "{{.Id}}", f"{NAME}:2") == str(image.config_digest)


@pytest.mark.docker
def test_a_code_edit_loads_only_the_code(engine: Connections, store: Store) -> None:
    destination(engine).write(make_image(store, b"before"))
    written = destination(engine).write(make_image(store, b"after"))
    assert (written.layers_written, written.layers_reused) == (1, 2)
    assert written.bytes_written < 10_000
    assert docker(engine.docker_host, "run", "--rm", f"{NAME}:1") == "hello"


@pytest.mark.docker
def test_layers_of_an_image_with_another_name_are_left_out_too(engine: Connections, store: Store) -> None:
    destination(engine, "one").write(make_image(store, b"one"))
    assert destination(engine, "two").write(make_image(store, b"two")).layers_reused == 2


@pytest.mark.docker
def test_the_same_layers_in_another_order_are_sent(engine: Connections, store: Store) -> None:
    image = make_image(store)
    destination(engine, "one").write(image)
    turned = replace(image, layers=(image.layers[0], image.layers[2], image.layers[1]))
    written = destination(engine, "two").write(turned)
    assert (written.layers_written, written.layers_reused) == (2, 1)
    assert docker(engine.docker_host, "run", "--rm", f"{NAME}:two") == "hello"


@pytest.mark.docker
def test_layers_that_are_gone_after_all_are_sent_in_full(
    engine: Connections, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seldon_builder.media.daemon.shared_layers", lambda *_: 2)
    events: list[Event] = []
    image = make_image(store, b"a stack that no engine has", size=123_457)
    written = destination(engine, "1", events.append).write(image)
    assert written.layers_written == 3
    assert any("no such file" in event.message for event in events)


@pytest.mark.docker
def test_a_layer_of_unknown_length_is_unpacked_by_the_engine(engine: Connections, store: Store) -> None:
    image = make_image(store, b"unknown length")
    layers = tuple(replace(layer, unpacked_size=0) for layer in image.layers)
    destination(engine).write(replace(image, layers=layers))
    assert docker(engine.docker_host, "run", "--rm", f"{NAME}:1") == "hello"


@pytest.mark.docker
def test_a_damaged_blob_never_becomes_an_image(engine: Connections, store: Store) -> None:
    image = make_image(store, b"damaged")
    layer = make_layer(store, "weights", bytes(range(256)) * 4096, LayerKind.WEIGHTS)
    path = store.root / "blobs" / layer.digest.hex
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    with pytest.raises(BlobCorrupt):
        destination(engine, "damaged").write(image.with_layers(layer))
    assert Engine(engine).image(f"{NAME}:damaged") is None


@pytest.mark.docker
def test_an_image_of_the_engine_is_read_once(engine: Connections, store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    destination(engine).write(image)
    fresh = Store(tmp_path / "fresh")
    first = image_from_daemon(f"{NAME}:1", "amd64", fresh, silent, connections=engine)
    events: list[Event] = []
    assert image_from_daemon(f"{NAME}:1", "amd64", fresh, events.append, connections=engine) == first
    assert not events
    assert first.config_digest == image.config_digest
    assert first.annotations == {BASE_NAME: f"docker.io/{NAME}:1"}


@pytest.mark.docker
def test_layers_on_a_base_of_the_engine_run(engine: Connections, store: Store, tmp_path: Path) -> None:
    destination(engine, "base").write(make_image(store))
    fresh = Store(tmp_path / "fresh")
    base = image_from_daemon(f"{NAME}:base", "amd64", fresh, silent, connections=engine)
    derived = base.with_layers(make_layer(fresh, "more", b"more", LayerKind.APP))
    written = destination(engine, "derived").write(derived)
    assert written.layers_reused == 3
    assert docker(engine.docker_host, "run", "--rm", f"{NAME}:derived") == "hello"


@pytest.mark.docker
def test_an_image_of_another_platform_is_not_a_base(engine: Connections, store: Store) -> None:
    destination(engine).write(make_image(store))
    with pytest.raises(ImageNotFound, match="On offer: linux/amd64"):
        image_from_daemon(f"{NAME}:1", "arm64", store, silent, connections=engine)


@pytest.mark.docker
def test_an_image_that_the_engine_lacks_names_the_pull(engine: Connections, store: Store) -> None:
    with pytest.raises(ImageNotFound) as caught:
        image_from_daemon("seldon-test/absent:1", "amd64", store, silent, connections=engine)
    assert "docker pull seldon-test/absent:1" in caught.value.hint


@pytest.mark.docker
def test_a_running_engine_answers(docker_host: str) -> None:
    assert daemon_answers(docker_host)


@pytest.mark.parametrize("host", ["unix:///nowhere.sock", "tcp://127.0.0.1:1", "ssh://somewhere", "nonsense"])
def test_no_engine_is_an_answer_too(host: str) -> None:
    assert not daemon_answers(host)


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("unix:///nowhere.sock", "no such file or directory"),
        ("tcp://127.0.0.1:1", "connection refused"),
        ("ssh://somewhere", "ssh:// addresses are not supported"),
    ],
)
def test_an_unreachable_engine_is_named(store: Store, host: str, reason: str) -> None:
    with pytest.raises(DaemonUnreachable, match=reason):
        destination(Connections(docker_host=host)).write(make_image(store))


class ScriptedEngine(ThreadingMixIn, UnixStreamServer):
    """An engine with one image, whose ``load`` answers what the test says."""

    daemon_threads = True

    def __init__(self, path: Path, info: dict[str, Any], layers: list[str], answers: list[bytes]) -> None:
        self.info, self.layers, self.answers = info, layers, answers
        self.loads: list[int] = []
        super().__init__(str(path), _ScriptedHandler)


class _ScriptedHandler(BaseHTTPRequestHandler):
    server: ScriptedEngine
    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        """Unix sockets have no address."""
        return ""

    def log_message(self, *arguments: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        """Answer what an engine knows."""
        if self.path == "/info":
            self._answer(200, self.server.info)
        elif self.path == "/images/json":
            self._answer(200, [{"Id": "sha256:1", "Created": 1}])
        elif self.path == "/images/sha256:1/json":
            self._answer(200, {"RootFS": {"Layers": self.server.layers}})
        else:
            self._answer(404, {"message": "no such image"})

    def do_POST(self) -> None:
        """Take an archive."""
        count = 0
        while size := int(self.rfile.readline(), 16):
            count += len(self.rfile.read(size + 2))
        self.rfile.readline()
        self.server.loads.append(count)
        self._answer(200, self.server.answers.pop(0))

    def _answer(self, status: int, document: object) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def load_into(
    tmp_path: Path, image: Image, info: dict[str, Any], *answers: bytes, name: str = NAME
) -> tuple[list[int], Any]:
    layers = [str(layer.diff_id) for layer in image.layers[:2]]
    written: Any = None
    with ScriptedEngine(tmp_path / "engine.sock", info, layers, list(answers)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            connections = Connections(docker_host=f"unix://{tmp_path}/engine.sock")
            written = DaemonDestination(Reference.parse(name), connections, silent).write(image)
        except DaemonRefused as error:
            written = error
        finally:
            server.shutdown()
            thread.join()
    return server.loads, written


CONTAINERD = {"Driver": "overlayfs", "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}
GRAPH = {"Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"]]}


def test_an_engine_on_containerd_gets_everything(store: Store, tmp_path: Path) -> None:
    loads, written = load_into(tmp_path, make_image(store), CONTAINERD, b"{}")
    assert written.layers_written == 3
    assert loads[0] > 200_000


def test_an_engine_on_a_graph_driver_gets_what_it_lacks(store: Store, tmp_path: Path) -> None:
    loads, written = load_into(tmp_path, make_image(store), GRAPH, b'{"stream":"Loaded image"}')
    assert written.layers_written == 1
    assert loads[0] < 20_000


def test_a_refused_part_is_sent_again_in_full(store: Store, tmp_path: Path) -> None:
    refusal = b'{"stream":"x"}\r\n{"errorDetail":{"message":"no"},"error":"open x: no such file"}\r\n'
    loads, written = load_into(tmp_path, make_image(store), GRAPH, refusal, b"{}")
    assert written.layers_written == 3
    assert len(loads) == 2


def test_a_full_disk_of_the_engine_has_its_own_hint(store: Store, tmp_path: Path) -> None:
    refusal = b'{"error":"write /x: no space left on device"}\n'
    loads, error = load_into(tmp_path, make_image(store), GRAPH, refusal)
    assert len(loads) == 1
    assert "docker system prune" in error.hint


def test_a_stack_is_shared_up_to_the_first_difference(store: Store) -> None:
    image = make_image(store)

    class OneImage(Engine):
        def image(self, name: str) -> dict[str, Any]:
            assert name
            return {"RootFS": {"Layers": [str(image.layers[0].diff_id), "sha256:other"]}}

        def images(self) -> list[Any]:
            return []

    assert shared_layers(OneImage(Connections()), image, "any") == 1


def test_the_plugin_takes_outputs_of_its_kind_alone() -> None:
    reference = Reference.parse("iris:1")
    assert destination_docker.seldon_destination(Output("oci", reference, "/x"), silent) is None
    assert destination_docker.seldon_destination(Output("docker", reference), silent)


def test_an_engine_is_found_over_tcp_too() -> None:
    with running() as fake:
        fake.faults.append(Fault("GET", "/_ping", status=200))
        assert daemon_answers(f"tcp://{fake.address}")


def test_an_engine_that_fails_is_quoted(store: Store) -> None:
    with running() as fake:
        fake.faults.append(Fault("GET", "/images/", status=500, body=b'{"message": "out of order."}'))
        with pytest.raises(DaemonRefused, match=r"failed to look up sha256:\w+: out of order\.\n"):
            destination(Connections(docker_host=f"tcp://{fake.address}")).write(make_image(store))
