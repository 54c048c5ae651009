from __future__ import annotations

import time
from pathlib import Path

import pytest
from seldon_builder.dependencies import index_checks
from seldon_builder.dependencies.configured_index import joined
from seldon_builder.dependencies.fetch import fetch
from seldon_builder.dependencies.index_checks import refuse_broken, tell_of_shared_names
from seldon_builder.dependencies.url_credentials import split_credentials
from seldon_builder.digest import Digest
from seldon_builder.errors.indexes import IndexConfigurationInvalid
from seldon_builder.errors.resolution import ArtifactCorrupt, IndexUnreachable
from seldon_builder.events import Event, silent
from seldon_builder.lock import Artifact, Lock
from seldon_builder.package_index import IndexPin, PackageIndex
from seldon_builder.store import Store

from .private_index import (
    OVER,
    Answer,
    always,
    faulty_index,
    make_authority,
    make_certificate,
    make_self_signed,
    never,
    pages_of,
    private_index,
)
from .wheelhouse import make_wheel, serve, sha256


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    make_wheel(tmp_path / "wheels", "alpha")
    return tmp_path / "wheels"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_authority(tmp_path_factory.mktemp("tls"))


def with_user(url: str, user: str) -> PackageIndex:
    bare, credential = split_credentials(url.replace("://", f"://{user}@"))
    assert credential is not None
    return PackageIndex(extra_index_urls=(bare,), credentials=(credential,))


def lock_of(*artifacts: Artifact) -> Lock:
    return Lock("wheels", "uv 1", "3.13", "linux/amd64", Digest.of(b""), artifacts)


def at(url: str, name: str) -> Artifact:
    return Artifact(name, "1.0", f"{url}files/{name}-1.0-py3-none-any.whl", Digest.of(name.encode()))


def test_a_private_index_lets_the_right_password_in(wheels: Path) -> None:
    with private_index(wheels, "me:pa/ss") as url:
        refuse_broken(with_user(url, "me:pa%2Fss"), "alpha")


@pytest.mark.parametrize("user", ["", "me:wrong"])
def test_an_index_that_refuses_us_is_named_without_its_password(wheels: Path, user: str) -> None:
    with private_index(wheels, "me:right") as url:
        index = with_user(url, user) if user else PackageIndex(extra_index_urls=(url,))
        with pytest.raises(
            IndexUnreachable, match=r"wants a user and password, or others \(40[13]"
        ) as raised:
            refuse_broken(index, "alpha")

    assert raised.value.url == url
    assert "wrong" not in str(raised.value)


FAULTS: dict[str, tuple[Answer, str]] = {
    "401": ((401, "text/html", b""), "user and password"),
    "403": ((403, "text/html", b""), "user and password"),
    "500": ((500, "text/html", b""), "500"),
    "503": ((503, "text/html", b""), "503"),
    "image": ((200, "image/png", b"\x89PNG"), "image/png"),
    "login": ((200, "text/html", b"<html><FORM action=/login>"), "form"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_an_index_has_its_reason(fault: str) -> None:
    answer, reason = FAULTS[fault]
    with faulty_index(always(*answer)) as server, pytest.raises(IndexUnreachable, match=reason) as raised:
        refuse_broken(PackageIndex(index_url=server.simple), "alpha")

    assert raised.value.url == server.simple
    assert (".netrc" in raised.value.hint) == (fault in ("401", "403"))


def test_what_several_indexes_lack_is_told_at_once(wheels: Path) -> None:
    with faulty_index(always(401)) as shut, faulty_index(always(500)) as ill:
        index = PackageIndex(index_url=shut.simple, extra_index_urls=(ill.simple,))
        with pytest.raises(IndexUnreachable) as raised:
            refuse_broken(index, "alpha")

    assert shut.simple in str(raised.value)
    assert ill.simple in str(raised.value)


def test_an_index_that_says_403_of_what_it_lacks_is_no_fault() -> None:
    def answer(path: str) -> Answer:
        return (200, "text/html", b"<a>") if path == "/simple/" else (403, "text/html", b"")

    with faulty_index(answer) as server:
        refuse_broken(PackageIndex(index_url=server.simple), "alpha")


def test_a_silent_index_is_given_up_in_time() -> None:
    began = time.monotonic()
    with faulty_index(never) as server:
        index = PackageIndex(index_url=server.simple, timeout=1)
        with pytest.raises(IndexUnreachable, match="said nothing for 1 seconds"):
            refuse_broken(index, "alpha")

    assert time.monotonic() - began < 5


def test_a_wheel_that_never_comes_is_given_up_in_time(tmp_path: Path) -> None:
    began = time.monotonic()
    with faulty_index(never) as server, pytest.raises(IndexUnreachable, match="2 attempts"):
        fetch(lock_of(at(f"{server.url}/", "alpha")), PackageIndex(timeout=1), Store(tmp_path / "s"), silent)

    assert time.monotonic() - began < 6


def test_half_a_wheel_is_not_stored(tmp_path: Path, wheels: Path) -> None:
    whole = next(wheels.iterdir())
    item = Artifact("alpha", "1.0", f"/{whole.name}", Digest(sha256(whole)))
    half = whole.read_bytes()[:100]
    store = Store(tmp_path / "store")
    with faulty_index(always(200, "application/zip", half)) as server, pytest.raises(ArtifactCorrupt):
        fetch(lock_of(at(f"{server.url}/", "alpha")), PackageIndex(), store, silent)

    assert not store.has(item.sha256)
    assert not store.has(Digest.of(half))


CERTIFICATES = {"name": "not valid for", "expired": "expired", "self-signed": "self-signed"}


@pytest.mark.parametrize("fault", CERTIFICATES)
def test_a_certificate_that_does_not_fit_is_told_at_once(wheels: Path, authority: Path, fault: str) -> None:
    certificate = {
        "name": lambda: make_certificate(authority, "other", address="DNS:other.example"),
        "expired": lambda: make_certificate(authority, "expired", life=OVER),
        "self-signed": lambda: make_self_signed(authority.parent),
    }[fault]()
    began = time.monotonic()
    with faulty_index(pages_of(wheels), certificate) as server:
        index = PackageIndex(index_url=server.simple, ca_bundle=authority)
        with pytest.raises(IndexUnreachable, match=f"not trusted: .*{CERTIFICATES[fault]}"):
            refuse_broken(index, "alpha")

    assert time.monotonic() - began < 3


def test_a_bound_authority_stands_beside_those_of_the_machine(
    wheels: Path, authority: Path, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    bound = PackageIndex(certificates=(authority.read_text(),))
    index = joined(PackageIndex(), [bound], store, silent)
    assert index.ca_bundle is not None
    assert index.ca_bundle.read_text().count("BEGIN CERTIFICATE") > 1
    with private_index(wheels, certificate=make_certificate(authority, "good")) as url:
        refuse_broken(PackageIndex(index_url=url, ca_bundle=index.ca_bundle), "alpha")


@pytest.mark.parametrize("content", [None, b"no certificate", b"\xff\xfe"])
def test_a_bundle_that_is_none_is_told_before_anything_is_asked(
    tmp_path: Path, content: bytes | None
) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_bytes(content)
    with pytest.raises(IndexConfigurationInvalid, match=r"ca\.pem"):
        joined(PackageIndex(ca_bundle=bundle), [], Store(tmp_path / "store"), silent)


def test_a_name_on_two_indexes_is_told_with_the_pin_that_ends_it(tmp_path: Path) -> None:
    for folder, names in (("public", ("alpha", "beta")), ("private", ("alpha", "own"))):
        for name in names:
            make_wheel(tmp_path / folder, name)
    events: list[Event] = []
    with serve(tmp_path / "public") as public, private_index(tmp_path / "private") as private:
        index = PackageIndex(index_url=public.simple, extra_index_urls=(private,))
        lock = lock_of(at(private, "alpha"), at(private, "own"), at(public.simple, "beta"))
        tell_of_shared_names(lock, index, events.append)

    (event,) = events
    assert f"alpha ({private} and {public.simple})" in event.message
    assert f"--index-pin alpha={private}" in event.message
    assert "own" not in event.message


@pytest.mark.parametrize("change", ["pin", "offline", "no extra"])
def test_nothing_is_asked_where_nothing_can_be_confused(tmp_path: Path, change: str) -> None:
    with faulty_index(pages_of(tmp_path)) as server:
        extra = (server.simple,) if change != "no extra" else ()
        pins = (IndexPin("alpha", server.simple),) if change == "pin" else ()
        index = PackageIndex(server.simple, extra, pins=pins, offline=change == "offline")
        tell_of_shared_names(lock_of(at(server.simple, "alpha")), index, silent)

    assert server.requests == []


def test_an_index_that_hides_a_single_name_ends_the_build(tmp_path: Path) -> None:
    with faulty_index(always(401)) as server:
        index = PackageIndex(server.simple, (server.simple,))
        lock = lock_of(at("https://elsewhere.example/", "alpha"))
        with pytest.raises(IndexUnreachable, match="password"):
            tell_of_shared_names(lock, index, silent)


def test_slow_indexes_do_not_hold_a_build_up_for_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_checks, "SECONDS_FOR_NAMES", 0.3)
    began = time.monotonic()
    with faulty_index(never) as server:
        index = PackageIndex(server.simple, (server.simple,))
        tell_of_shared_names(lock_of(*(at("https://x.example/", f"p{n}") for n in range(40))), index, silent)

    assert time.monotonic() - began < 5


def test_a_token_in_the_query_reaches_the_server_and_no_error(wheels: Path) -> None:
    with faulty_index(pages_of(wheels)) as server:
        url, credential = split_credentials(f"{server.simple}?token=s3cr3t")
        assert credential is not None
        index = PackageIndex(extra_index_urls=(url,), credentials=(credential,))
        refuse_broken(index, "alpha")
        asked = [path for path, _ in server.requests]

    assert asked == ["/simple/alpha/?token=s3cr3t"]
    assert "s3cr3t" not in repr(index)
