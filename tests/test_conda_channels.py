"""Channels behind HTTP: what they answer, what is kept of it, and who gets to see their passwords."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from backports import zstd
from seldon_builder.dependencies.url_credentials import masked, split_credentials, with_token
from seldon_builder.errors.conda import ChannelUnusable, EnvironmentInvalid
from seldon_builder.errors.resolution import ArtifactCorrupt, OfflineMissing
from seldon_builder.inputs.source_secrets import without_users
from seldon_builder.lock import CONDA
from seldon_builder.secret import Secret
from seldon_builder.settings import Setting, Settings
from seldon_plugins import conda

from .test_conda_environment import settings_of
from .test_conda_lock import Desk, channel, desk, index, pins

__all__ = ["channel", "desk", "index"]
ENVIRONMENT = "channels: [remote]\ndependencies: [python=3.12, numpy, six]\n"
Answer = Callable[[str], tuple[int, bytes] | None]


@dataclass
class Server:
    """A running channel, what it was asked and by whom; ``answer`` may answer in its place."""

    folder: Path
    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    answer: Answer = lambda _: None


@pytest.fixture
def server(channel: Path) -> Iterator[Server]:
    known = Server(channel)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.requests.append((self.path, self.headers.get("Authorization", "")))
            path = known.folder / self.path.partition("/channel/")[2]
            found = known.answer(self.path) or (
                (200, path.read_bytes()) if path.is_file() else (404, b"not here")
            )
            self.send_response(found[0])
            self.send_header("Content-Length", str(len(found[1])))
            self.end_headers()
            self.wfile.write(found[1])

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        known.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield known
        http.shutdown()
        thread.join()


def at(place: str) -> Settings:
    return settings_of(SELDON_CHANNEL_ALIASES=f"remote={place}")


def secretly(place: str) -> Settings:
    said = Setting("SELDON_CHANNEL_ALIASES", Secret(f"remote={place}"), "--channel-alias", build_only=True)
    return Settings((said,))


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_channel_behind_http_is_solved_and_fetched(desk: Desk, server: Server) -> None:
    lock = desk.lock(settings=at(f"{server.url}/channel"), environment__yml=ENVIRONMENT)
    assert pins(lock) == ["numpy=2.1.0", "python=3.12.9", "six=1.17.0"]
    asked = [path for path, _ in server.requests]
    assert asked[:2] == ["/channel/linux-64/repodata.json.zst", "/channel/noarch/repodata.json.zst"]


def test_a_channel_without_the_packed_index_serves_too(desk: Desk, server: Server) -> None:
    server.answer = lambda path: (404, b"") if path.endswith(".zst") else None
    lock = desk.lock(settings=at(f"{server.url}/channel"), environment__yml=ENVIRONMENT)
    assert len(pins(lock)) == 3


def test_a_channel_without_this_platform_serves_what_it_has(desk: Desk, server: Server) -> None:
    server.answer = lambda path: (404, b"") if "/linux-64/" in path else None
    settings = settings_of(SELDON_CHANNEL_ALIASES=f"remote={server.url}/channel tests={desk.channel}")
    text = "channels: [remote, tests]\ndependencies: [python=3.12, six]\n"
    lock = desk.lock(settings=settings, environment__yml=text)
    schemes = {item.name: item.url.partition(":")[0] for item in lock.artifacts if item.kind == CONDA}
    assert schemes == {"python": "file", "six": "http"}


def test_without_network_what_was_fetched_before_serves(desk: Desk, server: Server) -> None:
    settings = at(f"{server.url}/channel")
    first = desk.lock(settings=settings, environment__yml=ENVIRONMENT)
    server.requests.clear()
    desk.index = replace(desk.index, offline=True)
    text = ENVIRONMENT.replace("six]", "six>=1]")
    second = desk.lock(settings=settings, environment__yml=text)
    assert (pins(second), server.requests) == (pins(first), [])


def test_without_network_an_unknown_channel_is_named(desk: Desk, server: Server) -> None:
    desk.index = replace(desk.index, offline=True)
    with pytest.raises(OfflineMissing, match="the index of the channel remote"):
        desk.lock(settings=at(f"{server.url}/channel"), environment__yml=ENVIRONMENT)


def test_a_password_reaches_its_channel_and_nothing_else(desk: Desk, server: Server) -> None:
    place = f"{server.url}/channel".replace("://", "://me:hunter22@")
    lock = desk.lock(settings=secretly(place), environment__yml=ENVIRONMENT)
    expected = "Basic " + base64.b64encode(b"me:hunter22").decode()
    assert {authorization for _, authorization in server.requests} == {expected}
    assert "hunter22" not in f"{lock} {desk.said}"
    assert b"hunter22" not in everything(desk.folder)


def test_a_token_reaches_its_channel_and_nothing_else(desk: Desk, server: Server) -> None:
    place = f"{server.url}/t/tok-123456/channel"
    lock = desk.lock(settings=secretly(place), environment__yml=ENVIRONMENT)
    assert all(path.startswith("/t/tok-123456/channel/") for path, _ in server.requests)
    assert "tok-123456" not in f"{lock} {desk.said}"
    assert b"tok-123456" not in everything(desk.folder)


def test_a_lock_names_no_password(desk: Desk, server: Server) -> None:
    place = f"{server.url}/t/tok-123456/channel".replace("://", "://me:hunter22@")
    text = ENVIRONMENT.replace("remote", f"'{place}'")
    lock = desk.lock(settings=Settings(), environment__yml=text)
    written = conda.seldon_export(lock, desk.source({}), desk.store, {})
    assert written is not None
    assert f"{server.url}/channel/linux-64/numpy" in written.text
    assert not any(secret in written.text for secret in ("hunter22", "tok-123456"))


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "it wants a user and password"),
        (403, "it wants a user and password, or others"),
        (404, "it has neither linux-64 nor noarch"),
        (418, "it answers 418"),
    ],
)
def test_a_channel_that_refuses_is_named(desk: Desk, server: Server, status: int, said: str) -> None:
    server.answer = lambda _: (status, b"no")
    with pytest.raises(ChannelUnusable, match=said) as caught:
        desk.lock(settings=at(f"{server.url}/channel"), environment__yml=ENVIRONMENT)
    assert caught.value.channel == "remote"
    assert caught.value.url == f"{server.url}/channel"
    assert "--channel-alias" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>please log in</html>",
        b"[1",
        b'{"packages": []}',
        b'{"packages": {"python-3.12.1-0.tar.bz2": {"name": "python"}}}',
        b"\0\xff" * 1000,
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_a_channel_that_answers_nonsense_is_named(
    desk: Desk, server: Server, content: bytes, packed: bool
) -> None:
    answer = zstd.compress(content) if packed else content
    server.answer = lambda path: (404, b"") if path.endswith(".zst") and not packed else (200, answer)
    with pytest.raises(ChannelUnusable, match="remote"):
        desk.lock(settings=at(f"{server.url}/channel"), environment__yml=ENVIRONMENT)


def test_a_damaged_index_is_named(desk: Desk, server: Server) -> None:
    server.answer = lambda path: (200, b"no zstd") if path.endswith(".zst") else None
    with pytest.raises(ChannelUnusable, match="what it has as the index of linux-64 is damaged"):
        desk.lock(settings=at(f"{server.url}/channel"), environment__yml=ENVIRONMENT)


def test_a_package_that_is_not_what_the_index_says_is_refused(desk: Desk, server: Server) -> None:
    server.answer = lambda path: (200, b"other bytes") if "six-" in path else None
    with pytest.raises(ArtifactCorrupt):
        desk.lock(settings=at(f"{server.url}/channel"), environment__yml=ENVIRONMENT)


def test_an_old_index_that_knows_no_sha256_is_held_to_its_md5(desk: Desk, server: Server) -> None:
    def aged(path: str) -> tuple[int, bytes] | None:
        if path.endswith(".zst"):
            return 404, b""
        if not path.endswith("repodata.json"):
            return None
        known = json.loads((server.folder / path.partition("/channel/")[2]).read_text())
        for packages in ("packages", "packages.conda"):
            for record in known[packages].values():
                del record["sha256"]
        return 200, json.dumps(known).encode()

    server.answer = aged
    lock = desk.lock(settings=at(f"{server.url}/channel"), environment__yml=ENVIRONMENT)
    assert all(desk.store.has(item.sha256, item.size) for item in lock.artifacts)


@pytest.mark.parametrize(
    ("alias", "said"),
    [
        ("", "it stands for several channels, and nobody said where they are"),
        ("defaults=./nowhere", "it has neither linux-64 nor noarch"),
        ("defaults=http://127.0.0.1:9/", "Connection refused"),
    ],
)
def test_a_channel_that_is_nowhere_is_named(desk: Desk, alias: str, said: str) -> None:
    with pytest.raises(ChannelUnusable, match=said):
        desk.lock(
            settings=settings_of(SELDON_CHANNEL_ALIASES=alias),
            environment__yml="dependencies: [python=3.12]\n",
        )


@pytest.mark.parametrize("url", ["http://[::1/", "http://x:y:z/"])
def test_a_channel_of_an_impossible_url_is_an_error(desk: Desk, url: str) -> None:
    with pytest.raises(EnvironmentInvalid, match="host or port of the URL cannot be read"):
        desk.lock(settings=Settings(), environment__yml=ENVIRONMENT.replace("remote", f"'{url}'"))


@pytest.mark.parametrize(
    "base", ["https://x.example", "https://x.example/base", "https://me:hunter22@x.example/a/b"]
)
def test_a_token_is_split_off_and_put_back_for_its_channel_alone(base: str) -> None:
    bare, credential = split_credentials(f"{base}/t/tok-123456/chan")
    assert credential is not None
    there = with_token(f"{bare}/noarch/x.conda", credential)
    assert there.endswith("/t/tok-123456/chan/noarch/x.conda")
    elsewhere = bare.removesuffix("chan") + "other"
    assert with_token(elsewhere, credential) == elsewhere
    assert "tok-123456" not in masked(f"{base}/t/tok-123456/chan")


def test_the_image_s_copy_of_an_environment_has_no_token() -> None:
    text = b"channels: [https://x.example/t/tok-123456/chan, https://x.example/t/short]\n"
    assert without_users(text) == b"channels: [https://x.example/chan, https://x.example/t/short]\n"
