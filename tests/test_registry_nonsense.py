"""Answers of registries and token servers that no honest one gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from seldon_builder.connections import Connections
from seldon_builder.errors.destination import RegistryProtocol, RegistryUnreachable
from seldon_builder.events import silent
from seldon_builder.image import Image
from seldon_builder.reference import Reference
from seldon_builder.registry import retry
from seldon_builder.registry.pull import image_from_registry
from seldon_builder.registry.push import RegistryDestination
from seldon_builder.secret import Secret
from seldon_builder.store import Store

from .fake_registry import FakeRegistry, Fault, running
from .sample_images import make_image


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRegistry]:
    monkeypatch.setattr(retry, "PAUSES", (0.0, 0.0, 0.0))
    with running() as registry:
        yield registry


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def push(fake: FakeRegistry, image: Image) -> None:
    reference = Reference.parse(f"{fake.address}/models/iris:1")
    RegistryDestination(reference, Connections(), silent).write(image)


def pull(address: str, store: Store, connections: Connections | None = None) -> Image:
    reference = Reference.parse(f"{address}/models/iris:1")
    return image_from_registry(
        reference, "amd64", store, silent, False, connections=connections or Connections()
    )


@pytest.mark.parametrize("token", [r"s3cr3t\r\nX: y", r"s3cr3t\u00fc", "s3cr3t blank"])
def test_a_token_that_no_header_can_hold_is_refused_and_never_shown(
    fake: FakeRegistry, store: Store, token: str
) -> None:
    realm = {"WWW-Authenticate": f'Bearer realm="http://{fake.address}/token"'}
    fake.faults.append(Fault("HEAD", "/manifests/", status=401, headers=realm))
    fake.faults.append(Fault("GET", "/token", status=200, body=f'{{"token": "{token}"}}'.encode()))
    with pytest.raises(RegistryProtocol, match="no header can hold") as caught:
        push(fake, make_image(store))
    assert "s3cr3t" not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"


def test_an_answer_of_the_token_server_may_be_nested_without_end(fake: FakeRegistry, store: Store) -> None:
    realm = {"WWW-Authenticate": f'Bearer realm="http://{fake.address}/token"'}
    fake.faults.append(Fault("HEAD", "/manifests/", status=401, headers=realm))
    fake.faults.append(Fault("GET", "/token", status=200, body=b"[" * 100_000))
    with pytest.raises(RegistryProtocol, match="gave no token"):
        push(fake, make_image(store))


@pytest.mark.parametrize("location", ["http://[", "http://localhost:99999/", "/v2/caf\xe9", "/v2/a b"])
@pytest.mark.parametrize(("method", "path", "status"), [("POST", "", 202), ("HEAD", "/manifests/", 307)])
def test_a_location_that_is_no_address_is_a_protocol_error(
    fake: FakeRegistry, store: Store, method: str, path: str, status: int, location: str
) -> None:
    fake.faults.append(Fault(method, path, times=9, status=status, headers={"Location": location}))
    with pytest.raises(RegistryProtocol, match="not an http or https URL"):
        push(fake, make_image(store))


def test_a_registry_at_an_impossible_port_is_unreachable(store: Store) -> None:
    with pytest.raises(RegistryUnreachable, match="is no address"):
        pull("registry.example:99999", store)


@pytest.mark.parametrize("proxy", ["http://[", "http://proxy.example:99999"])
def test_a_proxy_that_is_no_address_is_said(store: Store, proxy: str) -> None:
    connections = Connections(proxies=(("https", Secret(proxy)),))
    with pytest.raises(RegistryUnreachable, match="its proxy is not"):
        pull("registry.example", store, connections)


def test_a_host_whose_parts_no_name_can_have_is_unknown(store: Store) -> None:
    with pytest.raises(RegistryUnreachable, match="is unknown"):
        pull("a" * 300 + ".example", store)
