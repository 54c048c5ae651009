from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.errors.source import SettingInvalid
from seldon_builder.package_index import IndexPin, PackageIndex
from seldon_builder.secret import Secret
from seldon_builder.settings import Setting, Settings
from seldon_builder.source import Source
from seldon_plugins.indexes.index_settings import seldon_package_index


def index_of(folder: Path = Path("/model"), /, **variables: str | Secret) -> PackageIndex | None:
    items = tuple(Setting(name, value, "-e", build_only=True) for name, value in sorted(variables.items()))
    return seldon_package_index(Source(folder, ()), Settings(items))


def test_nothing_said_is_no_index() -> None:
    assert index_of(MODEL_NAME="Model") is None


@pytest.mark.parametrize("name", ["EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"])
def test_extra_indexes_have_many_names(name: str) -> None:
    assert index_of(**{name: "https://a/simple https://b/simple"}) == PackageIndex(
        extra_index_urls=("https://a/simple", "https://b/simple")
    )


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"])
def test_the_default_index_has_many_names(name: str) -> None:
    assert index_of(**{name: "https://a/simple"}) == PackageIndex(index_url="https://a/simple")


def test_the_names_that_uv_gives_indexes_are_left_out() -> None:
    found = index_of(UV_INDEX="inner=https://a/simple?x=y")
    assert found == PackageIndex(extra_index_urls=("https://a/simple?x=y",))


def test_a_password_is_kept_apart_from_its_url() -> None:
    found = index_of(EXTRA_INDEX_URL=Secret("https://me:p%40ss@a/simple"))
    assert found is not None
    assert found.extra_index_urls == ("https://a/simple",)
    assert [(item.username.reveal(), item.password.reveal()) for item in found.credentials] == [
        ("me", "p@ss")
    ]
    assert "p@ss" not in repr(found)


def test_wheel_folders_are_absolute(tmp_path: Path) -> None:
    found = index_of(tmp_path, PIP_FIND_LINKS="whl https://a/links", UV_FIND_LINKS="/other,file:///third")
    assert found is not None
    assert found.find_links == (str(tmp_path / "whl"), "https://a/links", "/other", "/third")


def test_hosts_certificates_and_proxies_are_taken_over() -> None:
    found = index_of(
        PIP_TRUSTED_HOST="a b:8443", PIP_CERT="/ca.pem", HTTPS_PROXY="http://proxy:3128", no_proxy="a,b"
    )
    assert found == PackageIndex(
        trusted_hosts=("a", "b:8443"),
        ca_bundle=Path("/ca.pem"),
        proxies=(("https_proxy", Secret("http://proxy:3128")), ("no_proxy", Secret("a,b"))),
    )


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("true", True), ("0", False), ("false", False)])
def test_switches_are_read_as_pip_reads_them(value: str, expected: bool) -> None:
    found = index_of(PIP_NO_INDEX=value, PIP_TRUSTED_HOST="a")
    assert found is not None
    assert found.no_index is expected


@pytest.mark.parametrize("name", ["EXTRA_INDEX_URL", "PIP_INDEX_URL", "PIP_FIND_LINKS"])
@pytest.mark.parametrize("url", ["http://user:a/s3cr3t@host", "http://user:s3cr3t@[/", "http://u:a s3cr3t@h"])
def test_a_malformed_url_is_refused_by_the_name_of_its_variable(name: str, url: str) -> None:
    with pytest.raises(SettingInvalid, match=name) as raised:
        index_of(**{name: Secret(url)})

    assert "s3cr3t" not in str(raised.value)


def test_packages_are_pinned_to_indexes_whose_passwords_are_kept_apart() -> None:
    found = index_of(SELDON_INDEX_PINS=Secret("My_Own=https://me:s3cr3t@a/simple torch=https://b/whl"))
    assert found is not None
    assert found.pins == (IndexPin("my-own", "https://a/simple"), IndexPin("torch", "https://b/whl"))
    assert found.credentials[0].password.reveal() == "s3cr3t"


@pytest.mark.parametrize("pin", ["alpha", "=https://a", "alpha=simple"])
def test_a_pin_names_a_package_and_a_url(pin: str) -> None:
    with pytest.raises(SettingInvalid, match="SELDON_INDEX_PINS"):
        index_of(SELDON_INDEX_PINS=pin)


def test_the_index_that_uv_names_takes_user_and_password_of_that_name() -> None:
    found = index_of(
        UV_INDEX="in-house=https://a/simple", UV_INDEX_IN_HOUSE_USERNAME="me", UV_INDEX_IN_HOUSE_PASSWORD="pw"
    )
    assert found is not None
    assert [(item.url, item.password.reveal()) for item in found.credentials] == [("https://a/simple", "pw")]


def test_a_token_in_the_query_is_a_password() -> None:
    found = index_of(EXTRA_INDEX_URL=Secret("https://a/simple?token=s3cr3t"))
    assert found is not None
    assert found.extra_index_urls == ("https://a/simple",)
    assert found.credentials[0].query.reveal() == "token=s3cr3t"


@pytest.mark.parametrize("name", ["PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT", "UV_HTTP_TIMEOUT"])
def test_how_long_a_silent_server_is_waited_for_can_be_said(name: str) -> None:
    found = index_of(**{name: "7"})
    assert found is not None
    assert (found.patience, PackageIndex().patience) == (7, 15)


@pytest.mark.parametrize("value", ["soon", "-1", "0", "inf"])
def test_a_time_limit_is_a_number_of_seconds(value: str) -> None:
    with pytest.raises(SettingInvalid, match="UV_HTTP_TIMEOUT"):
        index_of(UV_HTTP_TIMEOUT=value)


def test_what_is_given_to_the_build_wins_over_the_environment_whatever_it_is_called() -> None:
    given = {"UV_DEFAULT_INDEX": "https://b/", "UV_HTTP_TIMEOUT": "7", "SSL_CERT_FILE": "/b.pem"}
    ambient = {"PIP_INDEX_URL": "https://a/", "PIP_DEFAULT_TIMEOUT": "180", "PIP_CERT": "/a.pem"}
    items = [
        *(Setting(name, value, "your environment", build_only=True) for name, value in ambient.items()),
        *(Setting(name, value, "-e", build_only=True) for name, value in given.items()),
    ]
    found = seldon_package_index(Source(Path("/model"), ()), Settings(tuple(items)))

    assert found == PackageIndex("https://b/", timeout=7, ca_bundle=Path("/b.pem"))
