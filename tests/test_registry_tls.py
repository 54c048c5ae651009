"""TLS, proxies and leave for plain http, on a registry that is not on this machine by its name."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from socket import create_connection, socket
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest
from seldon_builder.connections import Connections
from seldon_builder.errors.destination import RegistryUnreachable
from seldon_builder.events import silent
from seldon_builder.reference import Reference
from seldon_builder.registry.dialing import proxy_of
from seldon_builder.registry.hops import Origin
from seldon_builder.registry.pull import image_from_registry
from seldon_builder.registry.push import RegistryDestination
from seldon_builder.secret import Secret
from seldon_builder.store import Store

from .conftest import free_port, wait_for_port
from .fake_registry import running
from .sample_images import make_image

NAME = "registry.example"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    names = f"subjectAltName=DNS:{NAME},DNS:localhost,IP:127.0.0.1"
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}", "-days", "2"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", "req", *options, "-addext", names, *files], check=True, capture_output=True)
    return folder / "cert.pem"


@pytest.fixture(scope="module")
def port(certificate: Path) -> Iterator[int]:
    """The port of a registry that speaks TLS."""
    number, folder = free_port(), certificate.parent
    (folder / "config.yml").write_text(
        "version: 0.1\nlog: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
        f"http: {{addr: 127.0.0.1:{number}, tls: {{certificate: {certificate}, key: {folder}/key.pem}}}}\n"
    )
    with (folder / "log").open("wb") as log:
        command = ["docker-registry", "serve", str(folder / "config.yml")]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    wait_for_port(number, process)
    yield number
    process.terminate()
    process.wait(10)


class Proxy(ThreadingTCPServer):
    """Lets every CONNECT end at one port of this machine."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        self.port, self.asked = port, list[str]()
        super().__init__(("127.0.0.1", 0), _ProxyHandler)


class _ProxyHandler(StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        """Answer one CONNECT and carry bytes both ways."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.request.recv(1)
        self.server.asked.append(head.decode())
        with create_connection(("127.0.0.1", self.server.port)) as upstream:
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _carry(self.request, upstream)


def _carry(one: socket, other: socket) -> None:
    while True:
        for ready in select([one, other], [], [])[0]:
            data = ready.recv(1 << 16)
            if not data:
                return
            (other if ready is one else one).sendall(data)


@contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    with Proxy(port) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


@pytest.mark.registry
def test_a_push_goes_through_the_proxy_and_trusts_the_given_authority(
    port: int, certificate: Path, store: Store
) -> None:
    image = make_image(store)
    with proxy_to(port) as proxy:
        url = f"http://ada:secret@127.0.0.1:{proxy.server_address[1]}"
        connections = Connections(ca_bundle=certificate, proxies=(("https", Secret(url)),))
        reference = Reference.parse(f"{NAME}/a/iris:1")
        RegistryDestination(reference, connections, silent).write(image)
        found = image_from_registry(reference, "amd64", store, silent, False, connections=connections)
    assert found.config_digest == image.config_digest
    assert proxy.asked[0].startswith(f"CONNECT {NAME}:443 ")
    assert "Proxy-Authorization: Basic YWRhOnNlY3JldA==" in proxy.asked[0]


@pytest.mark.registry
def test_a_certificate_that_nobody_vouches_for_is_refused(port: int, store: Store) -> None:
    with proxy_to(port) as proxy:
        url = Secret(f"http://127.0.0.1:{proxy.server_address[1]}")
        connections = Connections(proxies=(("https", url),))
        destination = RegistryDestination(Reference.parse(f"{NAME}/a/iris:1"), connections, silent)
        with pytest.raises(RegistryUnreachable, match="its certificate is not trusted") as caught:
            destination.write(make_image(store))
    assert "SSL_CERT_FILE" in caught.value.hint


@pytest.mark.registry
def test_leave_for_plain_http_is_no_leave_to_ignore_a_certificate(port: int, store: Store) -> None:
    with proxy_to(port) as proxy:
        url = Secret(f"http://127.0.0.1:{proxy.server_address[1]}")
        connections = Connections(proxies=(("https", url), ("http", url)))
        reference = Reference.parse(f"{NAME}/a/iris:1")
        destination = RegistryDestination(reference, connections, silent, insecure=True)
        with pytest.raises(RegistryUnreachable, match="its certificate is not trusted"):
            destination.write(make_image(store))


@pytest.mark.registry
def test_a_registry_of_this_machine_may_speak_tls_all_the_same(
    port: int, certificate: Path, store: Store
) -> None:
    connections = Connections(ca_bundle=certificate)
    reference = Reference.parse(f"localhost:{port}/b/iris:1")
    written = RegistryDestination(reference, connections, silent).write(make_image(store))
    assert written.layers_written == 3


def test_plain_http_to_another_machine_needs_leave(store: Store) -> None:
    with running() as fake, proxy_to(int(fake.address.rpartition(":")[2])) as proxy:
        url = Secret(f"http://127.0.0.1:{proxy.server_address[1]}")
        connections = Connections(proxies=(("https", url), ("http", url)), timeout=5)
        reference = Reference.parse(f"{NAME}:5000/a/iris:1")
        with pytest.raises(RegistryUnreachable, match="does not speak TLS") as caught:
            RegistryDestination(reference, connections, silent).write(make_image(store))
        assert "--insecure" in caught.value.hint
        assert not fake.manifests
        RegistryDestination(reference, connections, silent, insecure=True).write(make_image(store))
        assert "1" in fake.manifests


@pytest.mark.parametrize(
    ("host", "no_proxy", "goes_through"),
    [
        ("registry.example", "", True),
        ("registry.example", "example", False),
        ("registry.example", ".example", False),
        ("registry.example", "other, registry.example", False),
        ("registry.example", "registry.example:443", False),
        ("registry.example", "ample", True),
        ("registry.example", "*", False),
        ("localhost", "", False),
        ("127.0.0.1", "", False),
    ],
)
def test_hosts_that_need_no_proxy_get_none(host: str, no_proxy: str, goes_through: bool) -> None:
    proxies = (("https", Secret("proxy:3128")), ("no", Secret(no_proxy)))
    found = proxy_of(Origin("https", host, 443), Connections(proxies=proxies))
    assert bool(found) is goes_through


def test_a_missing_authority_file_is_named(store: Store, tmp_path: Path) -> None:
    connections = Connections(ca_bundle=tmp_path / "absent.pem")
    destination = RegistryDestination(Reference.parse(f"{NAME}/a/iris:1"), connections, silent)
    with pytest.raises(RegistryUnreachable, match=r"absent\.pem cannot be read"):
        destination.write(make_image(store))
