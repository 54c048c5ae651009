"""Logging in to real registries that want it: htpasswd, and tokens of a token server."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from seldon_builder.connections import Connections
from seldon_builder.errors.destination import RegistryRefused
from seldon_builder.events import silent
from seldon_builder.reference import Reference
from seldon_builder.registry.pull import image_from_registry
from seldon_builder.registry.push import RegistryDestination
from seldon_builder.store import Store

from .conftest import free_port, wait_for_port
from .sample_images import inspect, make_image

pytestmark = pytest.mark.registry

USER, PASSWORD = "iris", "geheim"
# bcrypt of PASSWORD at its lowest cost.
HTPASSWD = f"{USER}:$2b$04$abcdefghijklmnopqrstuuPWRtT5yx7FBi4dcf6ROhboeNunUrLQ.\n"


@contextmanager
def serving(folder: Path, auth: str) -> Iterator[str]:
    folder.mkdir()
    port = free_port()
    config = folder / "config.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
        f"http: {{addr: 127.0.0.1:{port}}}\n"
        f"auth: {auth}\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log)
    try:
        wait_for_port(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def login(folder: Path, registry: str, password: str = PASSWORD) -> Connections:
    config = folder / "docker.json"
    auth = b64encode(f"{USER}:{password}".encode()).decode()
    config.write_text(json.dumps({"auths": {registry: {"auth": auth}}}))
    return Connections(docker_config=config)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture(scope="module")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("basic")
    (folder / "htpasswd").write_text(HTPASSWD)
    with serving(folder / "registry", f"{{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}") as address:
        yield address


def test_the_password_of_the_docker_config_opens_a_registry(basic: str, store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    reference = Reference.parse(f"{basic}/a/iris:1")
    connections = login(tmp_path, basic)
    RegistryDestination(reference, connections, silent).write(image)
    found = inspect(f"docker://{reference}", "--tls-verify=false", f"--creds={USER}:{PASSWORD}")
    assert found["Digest"] == str(image.digest)


def test_layers_behind_a_login_are_read_with_it(basic: str, store: Store, tmp_path: Path) -> None:
    reference = Reference.parse(f"{basic}/b/iris:1")
    connections = login(tmp_path, basic)
    image = make_image(store)
    RegistryDestination(reference, connections, silent).write(image)
    fresh = Store(tmp_path / "fresh")
    pulled = image_from_registry(reference, "amd64", fresh, silent, False, connections=connections)
    with pulled.layers[1].open() as stream:
        assert len(stream.read()) == image.layers[1].size


def test_no_login_is_refused_with_where_one_was_looked_for(basic: str, store: Store, tmp_path: Path) -> None:
    destination = RegistryDestination(
        Reference.parse(f"{basic}/c/iris:1"), Connections(docker_config=tmp_path / "none.json"), silent
    )
    with pytest.raises(RegistryRefused, match=f"no entry for {basic} in {tmp_path}/none.json") as caught:
        destination.write(make_image(store))
    assert "docker login" in caught.value.hint


def test_a_wrong_password_is_refused_and_never_shown(basic: str, store: Store, tmp_path: Path) -> None:
    connections = login(tmp_path, basic, "falsch")
    destination = RegistryDestination(Reference.parse(f"{basic}/c/model:1"), connections, silent)
    with pytest.raises(RegistryRefused, match="with the entry for") as caught:
        destination.write(make_image(store))
    assert "falsch" not in str(caught.value)
    assert USER not in str(caught.value)


@dataclass
class TokenServer:
    """Signs tokens for whoever knows the password, as Docker's token specification says."""

    folder: Path
    url: str = ""
    asked: list[list[str]] = field(default_factory=list)

    def make_key(self) -> Path:
        key, certificate = self.folder / "key.pem", self.folder / "cert.pem"
        options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-days", "2"]
        command = ["openssl", "req", *options, "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(command, check=True, capture_output=True)
        return certificate

    def token(self, scopes: list[str]) -> str:
        self.asked.append(scopes)
        now = int(time.time())
        access = [
            {"type": kind, "name": name, "actions": actions.split(",")}
            for kind, name, actions in (scope.split(":") for scope in scopes)
        ]
        lines = (self.folder / "cert.pem").read_text().splitlines()
        head = {"typ": "JWT", "alg": "RS256", "x5c": ["".join(lines[1:-1])]}
        claims: dict[str, Any] = {
            "iss": "test",
            "sub": USER,
            "aud": "registry",
            "iat": now - 100,
            "nbf": now - 100,
            "exp": now + 300,
            "jti": str(len(self.asked)),
            "access": access,
        }
        signed = f"{_encoded(json.dumps(head).encode())}.{_encoded(json.dumps(claims).encode())}"
        command = ["openssl", "dgst", "-sha256", "-sign", str(self.folder / "key.pem")]
        done = subprocess.run(command, input=signed.encode(), capture_output=True, check=True)
        return f"{signed}.{_encoded(done.stdout)}"


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


@contextmanager
def token_server(folder: Path) -> Iterator[TokenServer]:
    tokens = TokenServer(folder)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """Stay silent."""

        def do_GET(self) -> None:
            given = self.headers.get("Authorization", "").removeprefix("Basic ")
            allowed = b64decode(given).decode() == f"{USER}:{PASSWORD}"
            query = parse_qs(urlsplit(self.path).query)
            body = json.dumps({"token": tokens.token(query["scope"])} if allowed else {}).encode()
            self.send_response(200 if allowed else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tokens.url = f"http://127.0.0.1:{server.server_address[1]}/token"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield tokens
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def bearer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, TokenServer]]:
    folder = tmp_path_factory.mktemp("bearer")
    with token_server(folder) as tokens:
        auth = f"realm: {tokens.url}, service: registry, issuer: test, rootcertbundle: {tokens.make_key()}"
        with serving(folder / "registry", f"{{token: {{{auth}}}}}") as address:
            yield address, tokens


def test_one_token_serves_a_whole_push(bearer: tuple[str, TokenServer], store: Store, tmp_path: Path) -> None:
    registry, tokens = bearer
    tokens.asked.clear()
    reference = Reference.parse(f"{registry}/d/iris:1")
    written = RegistryDestination(reference, login(tmp_path, registry), silent).write(make_image(store))
    assert written.layers_written == 3
    assert tokens.asked == [["repository:d/iris:pull,push"]]


def test_the_scope_of_a_push_stands_before_those_of_its_lenders(
    bearer: tuple[str, TokenServer], store: Store, tmp_path: Path
) -> None:
    registry, tokens = bearer
    connections = login(tmp_path, registry)
    lender = Reference.parse(f"{registry}/e/lender:1")
    RegistryDestination(lender, connections, silent).write(make_image(store))
    fresh = Store(tmp_path / "fresh")
    pulled = image_from_registry(lender, "amd64", fresh, silent, False, connections=connections)
    tokens.asked.clear()
    borrower = Reference.parse(f"{registry}/e/borrower:1")
    written = RegistryDestination(borrower, connections, silent).write(pulled)
    assert tokens.asked == [["repository:e/borrower:pull,push", "repository:e/lender:pull"]]
    assert written.layers_written == 0


def test_a_token_that_ran_out_is_replaced(
    bearer: tuple[str, TokenServer], store: Store, tmp_path: Path
) -> None:
    registry, tokens = bearer
    connections = login(tmp_path, registry)
    reference = Reference.parse(f"{registry}/f/iris:1")
    RegistryDestination(reference, connections, silent).write(make_image(store))
    tokens.asked.clear()
    pulled = image_from_registry(
        reference, "amd64", Store(tmp_path / "fresh"), silent, False, connections=connections
    )
    source = pulled.layers[1].source
    source.repository._authorizer._header = "Bearer stale"  # type: ignore[union-attr]
    with pulled.layers[1].open() as stream:
        stream.read()
    assert len(tokens.asked) == 2


def test_a_token_server_that_refuses_is_a_refusal(
    bearer: tuple[str, TokenServer], store: Store, tmp_path: Path
) -> None:
    registry, _ = bearer
    connections = login(tmp_path, registry, "falsch")
    destination = RegistryDestination(Reference.parse(f"{registry}/g/iris:1"), connections, silent)
    with pytest.raises(RegistryRefused, match="refused to let us log in"):
        destination.write(make_image(store))
