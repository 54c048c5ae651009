from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.base import Reader
from seldon_builder.connections import Connections
from seldon_builder.digest import Digest
from seldon_builder.errors.destination import (
    ImageNotFound,
    RegistryProtocol,
    RegistryRefused,
    RegistryUnreachable,
    UploadInterrupted,
)
from seldon_builder.events import silent
from seldon_builder.image import Image
from seldon_builder.reference import Reference
from seldon_builder.registry import retry
from seldon_builder.registry.pull import image_from_registry
from seldon_builder.registry.push import RegistryDestination
from seldon_builder.secret import Secret
from seldon_builder.store import Store

from .conftest import free_port
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


def push(fake: FakeRegistry, image: Image, timeout: float = 5.0) -> None:
    reference = Reference.parse(f"{fake.address}/models/iris:1")
    RegistryDestination(reference, Connections(timeout=timeout), silent).write(image)


def pull(fake: FakeRegistry, store: Store, timeout: float = 5.0, *, offline: bool = False) -> Image:
    reference = Reference.parse(f"{fake.address}/models/iris:1")
    return image_from_registry(
        reference, "amd64", store, silent, False, connections=Connections(timeout=timeout), offline=offline
    )


def arrived(fake: FakeRegistry, image: Image) -> bool:
    return all(str(layer.digest) in fake.blobs for layer in image.layers) and "1" in fake.manifests


UPLOAD = r"/blobs/uploads/1"


def test_a_well_behaved_registry_gets_every_blob_once(fake: FakeRegistry, store: Store) -> None:
    image = make_image(store)
    push(fake, image)
    assert arrived(fake, image)
    assert fake.count("PUT", UPLOAD) == 4


def test_a_code_edit_asks_about_nothing_that_the_image_before_it_holds(
    fake: FakeRegistry, store: Store
) -> None:
    push(fake, make_image(store, b"before"))
    fake.seen.clear()
    push(fake, make_image(store, b"after"))
    # The layer of the code and the config.
    assert fake.count("HEAD", "/blobs/") == 2
    assert fake.count("PUT", UPLOAD) == 2


def test_a_blob_that_the_registry_lost_is_sent_again(fake: FakeRegistry, store: Store) -> None:
    push(fake, make_image(store, b"before"))
    image = make_image(store, b"after")
    del fake.blobs[str(image.layers[0].digest)]
    unknown = b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry"}]}'
    fake.faults.append(Fault("PUT", "/manifests/", times=1, status=400, body=unknown))
    push(fake, image)
    assert arrived(fake, image)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"manifests": []}',
        b'{"config": 1, "layers": [2]}',
        b'{"config": {"digest": 5}, "layers": []}',
    ],
)
def test_what_stands_at_the_tag_need_not_be_an_image(fake: FakeRegistry, store: Store, body: bytes) -> None:
    fake.manifests["1"] = ("application/vnd.oci.image.index.v1+json", body)
    image = make_image(store)
    push(fake, image)
    assert arrived(fake, image)


@pytest.mark.parametrize("after", [0, 1, 100_000])
def test_a_dropped_upload_starts_anew(fake: FakeRegistry, store: Store, after: int) -> None:
    fake.faults.append(Fault("PUT", UPLOAD, times=3, after=after))
    image = make_image(store, size=1_000_000)
    push(fake, image)
    assert arrived(fake, image)


def test_an_upload_that_always_breaks_ends_in_upload_interrupted(fake: FakeRegistry, store: Store) -> None:
    fake.faults.append(Fault("PUT", UPLOAD, times=100))
    with pytest.raises(UploadInterrupted, match="broke off 4 times"):
        push(fake, make_image(store))
    assert "1" not in fake.manifests


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_an_overloaded_registry_is_asked_again(fake: FakeRegistry, store: Store, status: int) -> None:
    for method, path in (("HEAD", "/manifests/"), ("HEAD", "/blobs/"), ("PUT", UPLOAD)):
        fake.faults.append(Fault(method, path, times=2, status=status))
    fake.faults.append(Fault("POST", "", times=1, status=status))
    fake.faults.append(Fault("PUT", "/manifests/", times=3, status=status))
    image = make_image(store)
    push(fake, image)
    assert arrived(fake, image)


def test_a_registry_says_how_long_to_wait(fake: FakeRegistry, store: Store) -> None:
    waited: list[float] = []
    fake.faults.append(Fault("HEAD", "/manifests/", times=1, status=429, headers={"Retry-After": "7"}))
    from seldon_builder.registry.client import Repository
    from seldon_builder.registry.transport import Transport

    transport = Transport(Connections(), sleep=waited.append)
    repository = Repository(Reference.parse(f"{fake.address}/a/b:1"), transport, (), insecure=False)
    repository.has_manifest(Digest.of(b""), "x")
    transport.close()
    assert waited == [7.0]


def test_a_registry_that_always_fails_is_named_with_its_answer(fake: FakeRegistry, store: Store) -> None:
    body = b'{"errors":[{"code":"UNKNOWN","message":"the disk is on fire"}]}'
    fake.faults.append(Fault("PUT", "/manifests/", times=9, status=500, body=body))
    with pytest.raises(RegistryProtocol, match="the disk is on fire"):
        push(fake, make_image(store))
    assert fake.count("PUT", "/manifests/") == 4


def test_a_slow_answer_is_given_up_and_asked_again(fake: FakeRegistry, store: Store) -> None:
    fake.faults.append(Fault("HEAD", "/manifests/", times=1, pause=0.6))
    image = make_image(store)
    push(fake, image, timeout=0.3)
    assert arrived(fake, image)


def test_a_registry_that_refuses_for_ever_is_not_asked_for_ever(fake: FakeRegistry, store: Store) -> None:
    headers = {"WWW-Authenticate": 'Basic realm="here"'}
    fake.faults.append(Fault("HEAD", "", times=100, status=401, headers=headers))
    with pytest.raises(RegistryRefused, match="no credentials file was given"):
        push(fake, make_image(store))
    assert fake.count("HEAD") == 1


def test_a_forbidden_push_says_what_the_registry_said(fake: FakeRegistry, store: Store) -> None:
    body = b'{"errors":[{"code":"DENIED","message":"quota exceeded"}]}'
    fake.faults.append(Fault("POST", "", times=9, status=403, body=body))
    with pytest.raises(RegistryRefused, match="quota exceeded"):
        push(fake, make_image(store))


def test_a_registry_that_stored_other_bytes_is_found_out(fake: FakeRegistry, store: Store) -> None:
    headers = {"Docker-Content-Digest": f"sha256:{'0' * 64}"}
    fake.faults.append(Fault("PUT", UPLOAD, status=201, headers=headers))
    with pytest.raises(RegistryProtocol, match="it stored sha256:000"):
        push(fake, make_image(store))


def test_a_port_that_does_not_speak_http_is_a_protocol_error(store: Store) -> None:
    import socket
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            connection.recv(1 << 16)
            connection.close()

        thread = threading.Thread(target=greet)
        thread.start()
        reference = Reference.parse(f"127.0.0.1:{server.getsockname()[1]}/a/b:1")
        with pytest.raises(RegistryProtocol, match="does not speak HTTP"):
            RegistryDestination(reference, Connections(), silent).write(make_image(store))
        thread.join()


# No host of this machine's network: a proxy that nobody runs stands between us and the default registry.
CUT_OFF = Connections(proxies=(("https", Secret("http://127.0.0.1:1")),), docker_host="unix:///nowhere")


def test_a_name_without_a_registry_is_told_what_it_means(store: Store) -> None:
    with pytest.raises(
        RegistryUnreachable, match=r"^big:8 names no registry, so it means the public"
    ) as caught:
        RegistryDestination(Reference.parse("big:8"), CUT_OFF, silent).write(make_image(store))
    assert caught.value.hint.startswith("write host[:port]/big:8")


def test_a_base_without_a_registry_tells_of_the_engine_too(store: Store) -> None:
    with pytest.raises(ImageNotFound) as caught:
        Reader("amd64", store, silent, CUT_OFF, insecure=False, offline=False).read("nosuch:1")
    assert "No image nosuch:1 in the Docker engine: none answers at unix:///nowhere." in caught.value.message
    assert "nosuch:1 names no registry" in caught.value.message
    assert caught.value.hint.startswith("write host[:port]/nosuch:1")


def test_nobody_at_the_port_is_said_at_once(store: Store) -> None:
    reference = Reference.parse(f"127.0.0.1:{free_port()}/a/b:1")
    with pytest.raises(RegistryUnreachable, match="connection refused"):
        RegistryDestination(reference, Connections(), silent).write(make_image(store))


def test_an_unknown_host_is_said_by_name(store: Store) -> None:
    reference = Reference.parse("registry.invalid/a/b:1")
    with pytest.raises(RegistryUnreachable, match=r"the name registry\.invalid is unknown"):
        RegistryDestination(reference, Connections(), silent).write(make_image(store))


def test_a_dropped_download_goes_on_where_it_broke(fake: FakeRegistry, store: Store, tmp_path: Path) -> None:
    image = make_image(store, size=900_000)
    push(fake, image)
    fake.faults.append(Fault("GET", "/blobs/", times=5, after=200_000))
    fresh = Store(tmp_path / "fresh")
    pulled = pull(fake, fresh)
    with pulled.layers[1].open() as stream:
        assert Digest.of(stream.read()) == image.layers[1].digest
    ranges = [seen.headers.get("range") for seen in fake.seen if seen.method == "GET"]
    assert "bytes=200000-" in ranges
    assert fresh.has(image.layers[1].digest)


def test_a_layer_with_other_bytes_is_refused_and_not_kept(
    fake: FakeRegistry, store: Store, tmp_path: Path
) -> None:
    image = make_image(store)
    push(fake, image)
    name = str(image.layers[1].digest)
    fake.blobs[name] = bytes(len(fake.blobs[name]))
    fresh = Store(tmp_path / "fresh")
    layer = pull(fake, fresh).layers[1]
    with pytest.raises(RegistryProtocol, match="another digest"), layer.open() as stream:
        stream.read()
    assert not fresh.has(layer.digest)


def test_a_layer_that_is_read_halfway_is_not_kept(fake: FakeRegistry, store: Store, tmp_path: Path) -> None:
    push(fake, make_image(store, size=900_000))
    fresh = Store(tmp_path / "fresh")
    layer = pull(fake, fresh).layers[1]
    with layer.open() as stream:
        assert len(stream.read(1000)) == 1000
    assert not fresh.has(layer.digest)
    left = [path.name for path in (fresh.root / "tmp").iterdir()]
    assert not [name for name in left if not name.startswith("session-")]


def test_a_config_with_other_bytes_is_refused(fake: FakeRegistry, store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    push(fake, image)
    fake.blobs[str(image.config_digest)] = b"{}"
    with pytest.raises(RegistryProtocol, match="another digest"):
        pull(fake, Store(tmp_path / "fresh"))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"layers":[{"digest":"md5:1"}]}', b"{}"])
def test_a_manifest_that_is_none_is_a_protocol_error(fake: FakeRegistry, store: Store, body: bytes) -> None:
    for name in ("1", str(Digest.of(body))):
        fake.manifests[name] = ("application/vnd.oci.image.manifest.v1+json", body)
    with pytest.raises(RegistryProtocol):
        pull(fake, store)


def test_a_redirect_to_another_machine_never_carries_the_login(
    fake: FakeRegistry, store: Store, tmp_path: Path
) -> None:
    image = make_image(store)
    push(fake, image)
    config = tmp_path / "config.json"
    config.write_text(f'{{"auths": {{"{fake.address}": {{"auth": "YTpi"}}}}}}')
    blob = str(image.layers[1].digest)
    with running() as other:
        other.blobs[blob] = fake.blobs[blob]
        challenge = {"WWW-Authenticate": 'Basic realm="here"'}
        fake.faults.append(Fault("HEAD", "/manifests/1", status=401, headers=challenge))
        place = {"Location": f"http://{other.address}/blobs/{blob}"}
        fake.faults.append(Fault("GET", f"/blobs/{blob}", status=307, headers=place))
        reference = Reference.parse(f"{fake.address}/models/iris:1")
        connections = Connections(docker_config=config)
        pulled = image_from_registry(
            reference, "amd64", Store(tmp_path / "fresh"), silent, False, connections=connections
        )
        with pulled.layers[1].open() as stream:
            stream.read()
        assert "authorization" not in other.seen[0].headers
    assert fake.seen[-1].headers["authorization"] == "Basic YTpi"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data", "plain http"),
        ("https://169.254.169.254/latest/meta-data", "private address"),
        ("http://10.0.0.1/upload", "plain http"),
        ("file:///etc/passwd", "not an http or https URL"),
    ],
)
def test_an_upload_is_never_sent_where_a_registry_must_not_send_us(
    fake: FakeRegistry, store: Store, location: str, reason: str
) -> None:
    fake.faults.append(Fault("POST", "", times=9, status=202, headers={"Location": location}))
    with pytest.raises(RegistryProtocol, match=reason):
        push(fake, make_image(store))


def test_a_circle_of_redirects_ends(fake: FakeRegistry, store: Store) -> None:
    fake.faults.append(Fault("HEAD", "", times=99, status=302, headers={"Location": "/v2/again"}))
    with pytest.raises(RegistryProtocol, match="in a circle"):
        push(fake, make_image(store))


def test_offline_a_tag_means_what_it_meant_before(fake: FakeRegistry, store: Store) -> None:
    push(fake, make_image(store))
    online = pull(fake, store)
    fake.faults.append(Fault("HEAD", "", times=99))
    fake.faults.append(Fault("GET", "", times=99))
    asked = len(fake.seen)
    assert pull(fake, store, offline=True) == online
    assert len(fake.seen) == asked


def test_an_unreachable_registry_is_no_reason_to_believe_an_old_tag(fake: FakeRegistry, store: Store) -> None:
    push(fake, make_image(store))
    pull(fake, store)
    fake.faults.append(Fault("HEAD", "", times=99))
    with pytest.raises(RegistryUnreachable):
        pull(fake, store)


def test_a_registry_without_ranges_starts_over_and_is_read_past(
    fake: FakeRegistry, store: Store, tmp_path: Path
) -> None:
    image = make_image(store, size=900_000)
    push(fake, image)
    blob = str(image.layers[1].digest)
    fake.faults.append(Fault("GET", f"/blobs/{blob}", times=1, after=200_000))
    fake.faults.append(Fault("GET", f"/blobs/{blob}", times=1, status=200, body=fake.blobs[blob]))
    with pull(fake, Store(tmp_path / "fresh")).layers[1].open() as stream:
        assert Digest.of(stream.read()) == image.layers[1].digest


def test_a_download_that_never_moves_is_given_up(fake: FakeRegistry, store: Store, tmp_path: Path) -> None:
    image = make_image(store)
    push(fake, image)
    layer = pull(fake, Store(tmp_path / "fresh")).layers[1]
    fake.faults.append(Fault("GET", "/blobs/", times=99))
    with pytest.raises(RegistryUnreachable), layer.open() as stream:
        stream.read()
    assert fake.count("GET", str(layer.digest)) == 4


def test_an_upload_that_the_registry_forgot_starts_anew(fake: FakeRegistry, store: Store) -> None:
    fake.faults.append(Fault("PUT", UPLOAD, status=404))
    image = make_image(store)
    push(fake, image)
    assert arrived(fake, image)


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_registry_that_fails_to_mount_is_sent_the_layer(
    fake: FakeRegistry, store: Store, status: int
) -> None:
    fake.faults.append(Fault("POST", "mount=", times=99, status=status))
    lender = Reference.parse(f"{fake.address}/models/base:1")
    image = make_image(store)
    layers = tuple(replace(layer, repository=lender) for layer in image.layers)
    push(fake, replace(image, layers=layers))
    assert arrived(fake, image)
    assert fake.count("POST", "mount=sha256%3A") == 3


def test_a_repository_that_does_not_exist_is_a_refusal(fake: FakeRegistry, store: Store) -> None:
    body = b'{"errors":[{"code":"NAME_UNKNOWN","message":"no such repository"}]}'
    fake.faults.append(Fault("POST", "", times=99, status=404, body=body))
    with pytest.raises(RegistryRefused, match="no such repository"):
        push(fake, make_image(store))


def challenge(fake: FakeRegistry, *answers: Fault) -> None:
    realm = f'Bearer realm="http://{fake.address}/token",service="here",scope="ignored"'
    fake.faults.append(Fault("HEAD", "/manifests/", status=401, headers={"WWW-Authenticate": realm}))
    fake.faults.extend(answers)


def test_an_identity_token_is_exchanged_for_an_access_token(
    fake: FakeRegistry, store: Store, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    config.write_text(f'{{"auths": {{"{fake.address}": {{"identitytoken": "long-lived"}}}}}}')
    challenge(fake, Fault("POST", "^/token$", status=200, body=b'{"access_token": "short-lived"}'))
    reference = Reference.parse(f"{fake.address}/models/iris:1")
    RegistryDestination(reference, Connections(docker_config=config), silent).write(make_image(store))
    assert fake.seen[-1].headers["authorization"] == "Bearer short-lived"


def test_a_token_server_that_dislikes_a_lender_is_asked_for_the_target_alone(
    fake: FakeRegistry, store: Store
) -> None:
    denied, granted = (
        Fault("GET", "/token", status=403),
        Fault("GET", "/token", status=200, body=b'{"token":"t"}'),
    )
    challenge(fake, denied, granted)
    lender = Reference.parse(f"{fake.address}/secret/base:1")
    image = make_image(store)
    push(fake, replace(image, layers=tuple(replace(layer, repository=lender) for layer in image.layers)))
    asked = [seen.path for seen in fake.seen if seen.path.startswith("/token")]
    assert ["secret" in path for path in asked] == [True, False]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [(500, b"", "token server answered 500"), (404, b"", "answered 404"), (200, b"[]", "gave no token")],
)
def test_a_broken_token_server_is_said(
    fake: FakeRegistry, store: Store, status: int, body: bytes, reason: str
) -> None:
    challenge(fake, Fault("GET", "/token", times=9, status=status, body=body))
    with pytest.raises(RegistryProtocol, match=reason):
        push(fake, make_image(store))


def test_a_token_server_elsewhere_never_gets_the_password_in_the_clear(
    fake: FakeRegistry, store: Store
) -> None:
    headers = {"WWW-Authenticate": 'Bearer realm="http://tokens.example/token"'}
    fake.faults.append(Fault("HEAD", "", status=401, headers=headers))
    with pytest.raises(RegistryProtocol, match=r"tokens\.example over plain http"):
        push(fake, make_image(store))
