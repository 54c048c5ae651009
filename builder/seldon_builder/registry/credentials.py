"""Who we are to a registry: Docker's credentials file and its helpers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors.destination import CredentialsUnreadable
from ..reference import DEFAULT_REGISTRY
from ..secret import Secret

# The key under which Docker keeps the login of its own registry.
HUB_KEY = "https://index.docker.io/v1/"
# What a helper gives as the user name when its secret is a token for the token server.
_TOKEN_USER = "<token>"  # noqa: S105 - a name, no password
_HELPER_TIMEOUT = 60
_NOT_FOUND = "credentials not found"


NO_PASSWORD = Secret("")


@dataclass(frozen=True)
class Login:
    """A user and password, or an identity token; ``origin`` says where they were found, for messages.

    Without both there is no login, and ``origin`` says where one was looked for.
    """

    origin: str
    username: str = ""
    password: Secret = NO_PASSWORD
    identity_token: Secret | None = None

    @property
    def known(self) -> bool:
        """Tell whether there is anything to log in with."""
        return bool(self.username or self.identity_token)

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        from base64 import b64encode

        pair = f"{self.username}:{self.password.reveal()}"
        return f"Basic {b64encode(pair.encode()).decode()}"


def find_login(config: Path | None, registry: str) -> Login:
    """Look up ``registry`` (host[:port]) in Docker's credentials file and the helpers that it names."""
    if config is None:
        return Login("no credentials file was given")
    document = _read(config)
    key = HUB_KEY if registry == DEFAULT_REGISTRY else registry
    helper = _mapping(document, "credHelpers").get(registry) or document.get("credsStore")
    if helper:
        found = _from_helper(str(helper), key)
        if found.known or not _mapping(document, "auths").get(key):
            return found
    return _from_file(config, document, key)


def _read(config: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(config.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CredentialsUnreadable(str(config), error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise CredentialsUnreadable(str(config), "it is not JSON") from error
    return document if isinstance(document, dict) else {}


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _from_file(config: Path, document: Mapping[str, Any], key: str) -> Login:
    entries = _mapping(document, "auths")
    entry = entries.get(key)
    if entry is None:
        # Docker has written hosts bare, with a scheme, and with the path of the old protocol.
        entry = next((entries[name] for name in sorted(entries) if _host(name) == _host(key)), None)
    if not isinstance(entry, dict) or not any(entry.values()):
        return Login(f"no entry for {_host(key)} in {config}")
    origin = f"the entry for {_host(key)} in {config}"
    user, password = _decoded(config, entry)
    token = entry.get("identitytoken")
    return Login(f"with {origin}", user, password, Secret(str(token)) if token else None)


def _decoded(config: Path, entry: Mapping[str, Any]) -> tuple[str, Secret]:
    from base64 import b64decode

    if not entry.get("auth"):
        return str(entry.get("username") or ""), Secret(str(entry.get("password") or ""))
    try:
        user, _, password = b64decode(str(entry["auth"]), validate=True).decode().partition(":")
    except ValueError as error:
        raise CredentialsUnreadable(str(config), "an `auth` in it is not base64 of user:password") from error
    return user, Secret(password.rstrip("\0"))


def _host(key: str) -> str:
    return key.partition("://")[2].partition("/")[0] if "://" in key else key.partition("/")[0]


def _from_helper(helper: str, key: str) -> Login:
    import subprocess

    program = f"docker-credential-{helper}"
    try:
        # The helper reads the user's own environment (HOME, the keyring's socket): it is the user's program.
        done = subprocess.run(
            [program, "get"], input=key.encode(), capture_output=True, timeout=_HELPER_TIMEOUT, check=False
        )
    except FileNotFoundError as error:
        raise CredentialsUnreadable(program, "there is no such program on PATH") from error
    # A name with a NUL byte in it is a ValueError.
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise CredentialsUnreadable(program, type(error).__name__) from error
    if done.returncode:
        # Helpers report on stdout; only this one outcome is no failure.
        if _NOT_FOUND in done.stdout.decode(errors="replace").lower():
            return Login(f"no entry for {_host(key)} in {program}")
        raise CredentialsUnreadable(program, f"it ended with exit code {done.returncode}")
    return _from_helper_output(program, key, done.stdout)


def _from_helper_output(program: str, key: str, output: bytes) -> Login:
    try:
        answer = json.loads(output)
        user, secret = str(answer["Username"]), Secret(str(answer["Secret"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CredentialsUnreadable(program, "its answer is not a credential in JSON") from error
    origin = f"with the entry for {_host(key)} in {program}"
    if user == _TOKEN_USER:
        return Login(origin, identity_token=secret)
    return Login(origin, user, secret)
