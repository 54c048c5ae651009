"""Run a resolver engine in an environment that holds only what the user told us."""

from __future__ import annotations

import base64
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from ..errors.resolution import EngineFailed
from ..events import Emit, progress
from ..package_index import PackageIndex
from ..secret import MASK
from .url_credentials import masked, with_credentials

# The largest resolutions there are take a tenth of either.
MEMORY_AT_MOST, SECONDS_AT_MOST = 4 << 30, 1800
_SECONDS_BETWEEN_LOOKS = 0.1
_HINT = "look at what the indexes serve: a page of theirs may be without end"


@dataclass(frozen=True)
class Finished:
    """How an engine ended: its exit status, what it printed and what it complained of, secrets masked."""

    status: int
    output: str
    complaint: str


def cleaned_environment(index: PackageIndex, home: Path) -> dict[str, str]:
    """Make the whole environment of an engine: nothing of the caller's, ``home`` for what it may write.

    A home of its own keeps the engine from the user's .netrc, pip.conf and uv.toml.
    """
    environment = {"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    if index.ca_bundle:
        for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
            environment[name] = str(index.ca_bundle)
    for name, value in index.proxies:
        environment[name.lower()] = environment[name.upper()] = value.reveal()
    return environment


def credentialed(urls: Sequence[str], index: PackageIndex) -> list[str]:
    """Return ``urls`` as an engine's environment variables need them, with user and password."""
    return [with_credentials(url, index.credentials) for url in urls]


def secret_free(text: str, index: PackageIndex) -> str:
    """Mask whatever an engine printed of the index's credentials and proxies."""
    for secret in _secrets(index):
        text = text.replace(secret, MASK).replace(quote(secret, safe=""), MASK)
    return masked(text)


def _secrets(index: PackageIndex) -> Iterator[str]:
    """Yield what no output may show, the longest first."""
    proxies = [value.reveal() for name, value in index.proxies if name != "no_proxy"]
    logins = {(item.username.reveal(), item.password.reveal()) for item in index.credentials}
    logins.update(filter(None, map(_login, proxies)))
    found = {*proxies, *map(_as_sent, filter(any, logins))}
    for item in index.credentials:
        found.add(item.password.reveal())
        found.update(pair.partition("=")[2] for pair in item.query.reveal().split("&"))
        # A token may stand where the user stands; a plain user name such as "ci" is a word of many sentences.
        if not item.password.reveal():
            found.add(item.username.reveal())
    yield from sorted(filter(None, found), key=len, reverse=True)


def _login(proxy: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    except ValueError:
        return None
    return unquote(parts.username or ""), unquote(parts.password or "")


def _as_sent(login: tuple[str, str]) -> str:
    """Return user and password as a request has them, which a server may repeat."""
    return base64.b64encode(":".join(login).encode()).decode().rstrip("=")


def run_engine(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    index: PackageIndex,
    emit: Emit,
    *,
    act: str = "Resolving",
    seconds: float | None = None,
) -> Finished:
    """Run ``command`` in ``folder`` to its end; an interrupt ends it too. ``act`` is what it does.

    subprocess.TimeoutExpired where it runs for more than ``seconds``; EngineFailed where it takes more time
    or memory than any resolution, for it believes indexes without bounds.
    """
    name = Path(command[0]).name
    emit(progress("lock", f"{act} with {name}"))
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as engine:
        try:
            output, complaint = _heard(engine, name, seconds)
        finally:
            engine.kill()
    return Finished(engine.returncode, output, secret_free(complaint, index))


def _heard(engine: subprocess.Popen[str], name: str, seconds: float | None) -> tuple[str, str]:
    """Return what ``engine`` prints; look now and then at what it takes."""
    began = time.monotonic()
    while True:
        try:
            return engine.communicate(timeout=min(_SECONDS_BETWEEN_LOOKS, seconds or _SECONDS_BETWEEN_LOOKS))
        except subprocess.TimeoutExpired:
            taken = time.monotonic() - began
            if seconds is not None and taken > seconds:
                raise
            if taken > SECONDS_AT_MOST:
                raise EngineFailed(
                    name, f"it took more than {SECONDS_AT_MOST} seconds.", hint=_HINT
                ) from None
            if _memory_of(engine.pid) > MEMORY_AT_MOST:
                raise EngineFailed(
                    name, f"it took more than {MEMORY_AT_MOST >> 20} MiB.", hint=_HINT
                ) from None


def _memory_of(process: int) -> int:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        # It has just ended, or this is no Linux.
        return 0
    return pages * os.sysconf("SC_PAGESIZE")
