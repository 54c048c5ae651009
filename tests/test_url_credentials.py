from __future__ import annotations

import pytest
from seldon_builder.dependencies.url_credentials import (
    credential_for,
    masked,
    split_credentials,
    with_credentials,
)
from seldon_builder.package_index import IndexCredential
from seldon_builder.secret import Secret


@pytest.mark.parametrize(
    ("url", "bare", "user", "password"),
    [
        ("https://me:word@host/simple", "https://host/simple", "me", "word"),
        ("https://token@host:8443/", "https://host:8443/", "token", ""),
        ("https://a%40b:p%2Fw@host", "https://host", "a@b", "p/w"),
        ("https://me:p@ss@host/x?y=z#sha256=00", "https://host/x?y=z#sha256=00", "me", "p@ss"),
    ],
)
def test_the_user_part_is_split_off(url: str, bare: str, user: str, password: str) -> None:
    found, credential = split_credentials(url)
    assert credential is not None
    assert (found, credential.username.reveal(), credential.password.reveal()) == (bare, user, password)


def test_a_url_without_user_stays() -> None:
    assert split_credentials("https://host/simple") == ("https://host/simple", None)


@pytest.mark.parametrize("url", ["https://a%40b:p%2Fw@host/simple", "https://token@host/simple"])
def test_splitting_and_joining_are_each_others_reverse(url: str) -> None:
    bare, credential = split_credentials(url)
    assert credential is not None
    assert with_credentials(bare, [credential]) == url


def known(url: str) -> IndexCredential:
    return IndexCredential(url, Secret(url), Secret(""))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://host/a/simple/numpy", "https://host/a/simple"),
        ("https://host/a/simple", "https://host/a/simple"),
        ("https://host/b/x.whl", "https://host/b"),
        ("https://host/files/x.whl", "https://host/a/simple"),
        ("https://host:443/b", "https://host/b"),
    ],
)
def test_the_longest_url_above_wins(url: str, expected: str) -> None:
    found = credential_for(url, [known("https://host/b"), known("https://host/a/simple")])
    assert found is not None
    assert found.url == expected


@pytest.mark.parametrize(
    "url", ["http://host/b", "https://host.evil/b", "https://host:8443/b", "https://other/"]
)
def test_another_host_port_or_scheme_gets_nothing(url: str) -> None:
    assert credential_for(url, [known("https://host/b")]) is None


def test_text_is_masked() -> None:
    assert masked("see https://me:word@host/x or http://host/y") == "see https://***@host/x or http://host/y"
