from __future__ import annotations

import pytest
from seldon_builder.dependencies.url_credentials import (
    UrlInvalid,
    checked_index,
    credential_for,
    masked,
    masked_line,
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


@pytest.mark.parametrize("password", ["a/s3cr3t", "#s3cr3t", "s3cr3t?", "p@s3cr3t", "1/s3cr3t"])
def test_a_password_that_nobody_encoded_is_masked_up_to_the_last_at(password: str) -> None:
    text = masked(f"cannot reach `http://user:{password}@host/simple`, a URL")

    assert text == "cannot reach `http://***@host/simple`, a URL"


@pytest.mark.parametrize(
    "url",
    [
        "http://user:a/s3cr3t@host/simple",
        "http://user:#s3cr3t@host",
        "http://user:12/s3cr3t@host",
        "http://user:s3cr3t@host:99999/",
        "http://user:s3cr3t@[/",
        "http://user:s3cr3t@h\u2100st/",
        "s3cr3t@host/simple",
    ],
)
def test_a_malformed_index_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(UrlInvalid) as raised:
        checked_index(url)

    assert "s3cr3t" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("url", ["https://host/org/feed@Local/simple", "https://me:p%40ss@host:8443/simple"])
def test_an_index_url_that_says_what_it_means_is_taken(url: str) -> None:
    assert checked_index(url) == url


@pytest.mark.parametrize(
    ("url", "bare", "token"),
    [
        ("https://h/s?token=abc&x=1", "https://h/s?x=1", "token=abc"),
        ("https://h/s?x=1&private_token=abc", "https://h/s?x=1", "private_token=abc"),
        ("https://h/s?api_key=a&secret=b", "https://h/s", "api_key=a&secret=b"),
    ],
)
def test_a_token_in_the_query_is_split_off_and_put_back(url: str, bare: str, token: str) -> None:
    found, credential = split_credentials(url)

    assert found == bare
    assert credential is not None
    assert credential.query.reveal() == token
    assert sorted(with_credentials(bare, [credential]).partition("?")[2].split("&")) == sorted(
        url.partition("?")[2].split("&")
    )


@pytest.mark.parametrize(
    "url", ["https://h/s?keyboard=1", "https://h/s?token=${T}", "https://h/s?X-Amz-Credential=a"]
)
def test_a_query_without_a_secret_stays_as_it_is(url: str) -> None:
    assert split_credentials(url) == (url, None)
    assert masked(url) == url


def test_a_token_in_a_sentence_is_masked() -> None:
    text = "cannot fetch (https://h/s?a=1&token=s3cr3t), or `https://h?key=s3cr3t`"

    assert masked(text) == "cannot fetch (https://h/s?a=1&token=***), or `https://h?key=***`"


def test_a_credential_of_a_host_serves_every_port_but_a_nearer_one_wins() -> None:
    host = IndexCredential("//h.example", Secret("host"), Secret("p"))
    near = IndexCredential("https://h.example/simple", Secret("near"), Secret("p"))

    assert with_credentials("http://h.example:81/a", [host, near]) == "http://host:p@h.example:81/a"
    assert with_credentials("https://h.example/a", [host, near]) == "https://near:p@h.example/a"
    assert with_credentials("https://other.example/a", [host]) == "https://other.example/a"


LOGINS = [
    ("-i ci:s3cr3t@h.example.com/simple", "-i ***@h.example.com/simple"),
    ("--index-url=//ci:s3cr3t@h.example.com/simple", "--index-url=//***@h.example.com/simple"),
    ("'https:ci:s3cr3t@h.example.com/x'", "'***@h.example.com/x'"),
    ("https://ci:a s3cr3t@h.example.com/x", "https://***@h.example.com/x"),
    ("http://h.example.com/s;token=s3cr3t", "http://h.example.com/s;token=***"),
    ("http://h.example.com/s#token=s3cr3t", "http://h.example.com/s#token=***"),
]
PLAIN = [
    "numpy==1 ; python_version < '3.12'  # me@example.com",
    "git@h.example.com:org/x.git", "localhost:5000/x@sha256:abc", "x @ https://h.example.com/x@1.whl#sha256=abc",
    "https://h.example.com:8080/a b@c",
]  # fmt: skip


@pytest.mark.parametrize(("line", "shown"), LOGINS)
def test_what_was_meant_as_a_login_is_masked(line: str, shown: str) -> None:
    assert masked_line(line) == shown


@pytest.mark.parametrize("line", PLAIN)
def test_a_line_without_a_login_is_shown_as_it_is(line: str) -> None:
    assert masked_line(line) == line
