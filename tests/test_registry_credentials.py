from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

import pytest
from seldon_builder.errors.destination import CredentialsUnreadable
from seldon_builder.registry.credentials import HUB_KEY, find_login


def config(folder: Path, **document: object) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(document))
    return path


def helper(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\nread key\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


AUTH = b64encode(b"ada:pass:word").decode()


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("registry.example", "registry.example"),
        ("https://registry.example", "registry.example"),
        ("https://registry.example/v1/", "registry.example"),
        ("localhost:5000", "localhost:5000"),
        (HUB_KEY, "docker.io"),
    ],
)
def test_every_spelling_of_a_key_is_found(tmp_path: Path, key: str, registry: str) -> None:
    login = find_login(config(tmp_path, auths={key: {"auth": AUTH}}), registry)
    assert (login.username, login.password.reveal()) == ("ada", "pass:word")


def test_another_port_is_another_registry(tmp_path: Path) -> None:
    login = find_login(config(tmp_path, auths={"localhost:5000": {"auth": AUTH}}), "localhost:5001")
    assert not login.known
    assert login.origin == f"no entry for localhost:5001 in {tmp_path}/config.json"


def test_without_a_file_nobody_is_logged_in(tmp_path: Path) -> None:
    assert not find_login(tmp_path / "config.json", "registry.example").known


def test_an_identity_token_is_found(tmp_path: Path) -> None:
    entry = {"auth": AUTH, "identitytoken": "secret"}
    login = find_login(config(tmp_path, auths={"registry.example": entry}), "registry.example")
    assert login.identity_token is not None
    assert "secret" not in repr(login)


@pytest.mark.parametrize("content", ["{", "[" * 100_000, '{"auths": {"registry.example": {"auth": "%%%"}}}'])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(CredentialsUnreadable, match=r"config\.json"):
        find_login(path, "registry.example")


def test_a_helper_is_asked_on_its_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(tmp_path, monkeypatch, "one", 'echo "{\\"Username\\": \\"$key\\", \\"Secret\\": \\"s\\"}"')
    found = find_login(
        config(tmp_path, credHelpers={"registry.example": "one"}, credsStore="two"), "registry.example"
    )
    assert (found.username, found.password.reveal()) == ("registry.example", "s")


def test_the_store_of_all_credentials_is_asked_with_the_hub_s_own_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper(tmp_path, monkeypatch, "all", 'echo "{\\"Username\\": \\"$key\\", \\"Secret\\": \\"s\\"}"')
    assert find_login(config(tmp_path, credsStore="all"), "docker.io").username == HUB_KEY


def test_a_helper_that_knows_nothing_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(tmp_path, monkeypatch, "none", 'echo "credentials not found in native keychain"; exit 1')
    login = find_login(config(tmp_path, credsStore="none"), "registry.example")
    assert login.origin == "no entry for registry.example in docker-credential-none"


def test_a_helper_s_token_is_an_identity_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(tmp_path, monkeypatch, "token", 'echo "{\\"Username\\": \\"<token>\\", \\"Secret\\": \\"s\\"}"')
    login = find_login(config(tmp_path, credsStore="token"), "registry.example")
    assert login.identity_token is not None
    assert login.identity_token.reveal() == "s"


@pytest.mark.parametrize("script", ["exit 2", "echo hello", "echo '{}'"])
def test_a_helper_that_fails_is_named_without_its_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    helper(tmp_path, monkeypatch, "bad", f"{script}; echo hunter2 >&2")
    if script == "exit 2":
        helper(tmp_path, monkeypatch, "bad", "echo hunter2; exit 2")
    with pytest.raises(CredentialsUnreadable, match="docker-credential-bad") as caught:
        find_login(config(tmp_path, credsStore="bad"), "registry.example")
    assert "hunter2" not in str(caught.value)


def test_a_helper_whose_name_no_program_has_is_named(tmp_path: Path) -> None:
    with pytest.raises(CredentialsUnreadable, match="ValueError"):
        find_login(config(tmp_path, credsStore="de\0sktop"), "registry.example")


def test_a_helper_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(CredentialsUnreadable, match="no such program"):
        find_login(config(tmp_path, credsStore="not-installed"), "registry.example")
