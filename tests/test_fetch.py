from __future__ import annotations

import os
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.dependencies.fetch import fetch
from seldon_builder.digest import Digest
from seldon_builder.errors.layers import WheelMalformed
from seldon_builder.errors.resolution import ArtifactCorrupt, IndexUnreachable, OfflineMissing
from seldon_builder.events import Event, silent
from seldon_builder.lock import Artifact, Lock
from seldon_builder.package_index import IndexCredential, PackageIndex
from seldon_builder.secret import Secret
from seldon_builder.store import Store

from .wheelhouse import Index, serve


def put(folder: Path, name: str, content: bytes) -> Digest:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return Digest.of(content)


def lock_of(*artifacts: Artifact) -> Lock:
    return Lock("wheels", "uv 1", "3.13", "linux/amd64", Digest.of(b""), artifacts)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with serve(tmp_path / "index") as server:
        yield server


def artifact(index: Index, name: str, content: bytes) -> Artifact:
    digest = put(index.folder, f"{name}-1-py3-none-any.whl", content)
    return Artifact(name, "1", f"{index.url}/files/{name}-1-py3-none-any.whl", digest)


def test_fetched_wheels_have_their_sizes(index: Index, store: Store) -> None:
    lock = lock_of(*(artifact(index, f"w{n}", os.urandom(n * 1000)) for n in range(20)))
    fetched = fetch(lock, PackageIndex(), store, silent)
    assert [item.size for item in fetched.artifacts] == [n * 1000 for n in range(20)]


def test_what_the_store_has_is_not_asked_for_again(index: Index, store: Store) -> None:
    lock = lock_of(artifact(index, "alpha", b"x" * 100))
    fetch(lock, PackageIndex(), store, silent)
    index.requests.clear()
    fetch(lock, PackageIndex(), store, silent)
    assert index.requests == []


def test_a_wheel_of_another_length_in_the_store_is_fetched_anew(index: Index, store: Store) -> None:
    item = artifact(index, "alpha", b"x" * 100)
    lock = fetch(lock_of(item), PackageIndex(), store, silent)
    store.blob(item.sha256).path.write_bytes(b"x" * 50)
    fetch(lock, PackageIndex(), store, silent)
    assert store.blob(item.sha256).path.stat().st_size == 100


@pytest.mark.parametrize("damage", [b"x" * 50, b"y" * 100])
def test_a_damaged_wheel_of_unknown_size_is_fetched_anew(index: Index, store: Store, damage: bytes) -> None:
    lock = lock_of(artifact(index, "alpha", b"x" * 100))
    fetch(lock, PackageIndex(), store, silent)
    store.blob(lock.artifacts[0].sha256).path.write_bytes(damage)

    fetched = fetch(lock, PackageIndex(), store, silent)

    assert fetched.artifacts[0].size == 100
    assert store.blob(lock.artifacts[0].sha256).path.read_bytes() == b"x" * 100


def test_a_wrong_size_in_a_lock_is_put_right_without_network(index: Index, store: Store) -> None:
    fetched = fetch(lock_of(artifact(index, "alpha", b"x" * 100)), PackageIndex(), store, silent)
    wrong = lock_of(replace(fetched.artifacts[0], size=50))

    assert fetch(wrong, PackageIndex(offline=True), store, silent) == fetched


def test_other_bytes_than_locked_are_refused(index: Index, store: Store) -> None:
    item = artifact(index, "alpha", b"right")
    (index.folder / item.filename).write_bytes(b"wrong")
    with pytest.raises(ArtifactCorrupt) as caught:
        fetch(lock_of(item), PackageIndex(), store, silent)
    assert caught.value.expected == item.sha256.hex
    assert not store.has(item.sha256)
    assert not store.has(Digest.of(b"wrong"))


def test_a_dropped_connection_is_resumed_where_it_broke(index: Index, store: Store) -> None:
    item = artifact(index, "alpha", os.urandom(3_000_000))
    index.drops[item.filename] = 2
    fetched = fetch(lock_of(item), PackageIndex(), store, silent)
    assert fetched.artifacts[0].size == 3_000_000


def test_a_connection_that_always_drops_is_an_error(index: Index, store: Store) -> None:
    item = artifact(index, "alpha", os.urandom(100_000))
    index.drops[item.filename] = 99
    with pytest.raises(IndexUnreachable, match="4 attempts"):
        fetch(lock_of(item), PackageIndex(), store, silent)


def test_a_wheel_that_is_gone_from_the_index_is_named(index: Index, store: Store) -> None:
    item = artifact(index, "alpha", b"x")
    (index.folder / item.filename).unlink()
    with pytest.raises(IndexUnreachable, match=r"alpha-1.*404"):
        fetch(lock_of(item), PackageIndex(), store, silent)


def test_offline_names_all_that_is_missing(index: Index, store: Store, tmp_path: Path) -> None:
    here = Artifact("here", "1", (tmp_path / "w.whl").as_uri(), put(tmp_path, "w.whl", b"w"))
    lock = lock_of(artifact(index, "alpha", b"a"), here, artifact(index, "beta", b"b"))
    with pytest.raises(OfflineMissing) as caught:
        fetch(lock, PackageIndex(offline=True), store, silent)
    assert caught.value.missing == ("alpha 1", "beta 1")


def test_a_wheel_of_the_disk_needs_no_network(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "with space.whl"
    item = Artifact("here", "1", path.as_uri(), put(tmp_path, path.name, b"w"))
    assert fetch(lock_of(item), PackageIndex(offline=True), store, silent).artifacts[0].size == 1


def credential(index: Index) -> IndexCredential:
    return IndexCredential(index.simple, Secret("me"), Secret("s3cr3t"))


def test_a_password_goes_to_its_index(tmp_path: Path, store: Store) -> None:
    with serve(tmp_path / "index", credential="me:s3cr3t") as index:
        lock = lock_of(artifact(index, "alpha", b"x"))
        given = PackageIndex(credentials=(credential(index),))
        assert fetch(lock, given, store, silent).artifacts[0].size == 1


def test_a_password_does_not_follow_a_redirect_to_another_host(tmp_path: Path, store: Store) -> None:
    with (
        serve(tmp_path / "index", credential="me:s3cr3t") as index,
        serve(tmp_path / "other", credential="me:s3cr3t") as other,
    ):
        item = artifact(index, "alpha", b"x")
        index.redirect_to = other.url
        with pytest.raises(IndexUnreachable, match="user and password"):
            fetch(lock_of(item), PackageIndex(credentials=(credential(index),)), store, silent)
        assert other.requests


def test_a_token_that_a_redirect_gives_is_kept(tmp_path: Path, index: Index, store: Store) -> None:
    item = artifact(index, "alpha", b"x")
    put(tmp_path / "other", "alpha-1-py3-none-any.whl", b"x")
    with serve(tmp_path / "other") as other:
        index.redirect_to = f"{other.url}/files/x?token=of-the-server&name="
        with suppress(ArtifactCorrupt, IndexUnreachable):
            fetch(lock_of(item), PackageIndex(), store, silent)

    assert "token=of-the-server" in other.requests[0][1]


def test_a_redirect_is_followed(tmp_path: Path, index: Index, store: Store) -> None:
    with serve(tmp_path / "other") as other:
        item = artifact(other, "alpha", b"x")
        index.redirect_to = other.url
        item = replace(item, url=item.url.replace(other.url, index.url))
        assert fetch(lock_of(item), PackageIndex(), store, silent).artifacts[0].size == 1


@pytest.mark.parametrize(
    "place",
    ["http://[", "http://127.0.0.1:99999", "http://127.0.0.1:x", "http://h\xe9.invalid/\xe9", "ftp://h"],
)
def test_a_redirect_to_nowhere_is_refused_at_once(index: Index, store: Store, place: str) -> None:
    item = artifact(index, "alpha", b"x")
    index.redirect_to = place
    with pytest.raises(IndexUnreachable, match=r"that is none|not downloaded"):
        fetch(lock_of(item), PackageIndex(), store, silent)
    assert len(index.downloads) == 1


@pytest.mark.parametrize("url", ["http://[/alpha-1-py3-none-any.whl", "http://127.0.0.1:99999/alpha-1.whl"])
def test_a_lock_that_leads_nowhere_is_refused(store: Store, url: str) -> None:
    item = Artifact("alpha", "1", url, Digest.of(b"x"))
    with pytest.raises(IndexUnreachable, match="that is none"):
        fetch(lock_of(item), PackageIndex(), store, silent)


@pytest.mark.parametrize("name", ["..%2F..%2Fevil.whl", "%2Ftmp%2Fevil.whl", "%2e%2e", "a%0Ab.whl", ""])
def test_the_name_of_a_file_leads_nowhere_else(index: Index, store: Store, name: str) -> None:
    item = Artifact("alpha", "1", f"{index.url}/files/{name}", Digest.of(b"x"))
    with pytest.raises(WheelMalformed, match="name of its file"):
        fetch(lock_of(item), PackageIndex(), store, silent)
    assert not index.requests


def test_a_proxy_without_an_address_is_refused(index: Index, store: Store) -> None:
    proxy = Secret("http://me:s3cr3t@127.0.0.1:99999")
    lock = lock_of(artifact(index, "alpha", b"x"))
    with pytest.raises(IndexUnreachable) as caught:
        fetch(lock, PackageIndex(proxies=(("http_proxy", proxy),)), store, silent)
    assert "s3cr3t" not in str(caught.value)


@contextmanager
def endless(sends: bytes) -> Iterator[str]:
    """A server whose answer begins with ``sends`` and never ends."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.recv(1 << 16)
                self.request.sendall(sends)
                while True:
                    self.request.sendall(bytes(1 << 16))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@pytest.mark.parametrize("size", [1000, 0])
def test_an_answer_without_end_is_cut_off(store: Store, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seldon_builder.dependencies.fetch.UNKNOWN_SIZE_AT_MOST", 2000)
    with endless(b"HTTP/1.1 200 OK\r\n\r\n") as url:
        item = Artifact("alpha", "1", f"{url}/alpha-1.whl", Digest.of(b"x"), size)
        with pytest.raises(ArtifactCorrupt, match=f"more than {size or 2000} bytes"):
            fetch(lock_of(item), PackageIndex(), store, silent)
    assert list((store.root / "blobs").iterdir()) == []


def test_a_redirect_s_text_without_end_is_not_read(index: Index, store: Store) -> None:
    item = artifact(index, "alpha", b"x")
    moved = f"HTTP/1.1 302 Found\r\nLocation: {item.url}\r\n\r\n".encode()
    with endless(moved) as url:
        lock = lock_of(replace(item, url=f"{url}/alpha-1-py3-none-any.whl"))
        assert fetch(lock, PackageIndex(), store, silent).artifacts[0].size == 1


def test_more_bytes_than_locked_are_not_asked_for(index: Index, store: Store) -> None:
    item = replace(artifact(index, "alpha", b"x" * 100), size=50)
    with pytest.raises(ArtifactCorrupt, match="more than 50 bytes"):
        fetch(lock_of(item), PackageIndex(), store, silent)


def test_a_proxy_is_used_for_all_but_its_exceptions(index: Index, store: Store) -> None:
    item = artifact(index, "alpha", b"x")
    host = Secret(index.url)
    elsewhere = replace(item, url=item.url.replace(index.url, "http://wheels.invalid"))
    fetch(lock_of(elsewhere), PackageIndex(proxies=(("http_proxy", host),)), store, silent)
    assert index.requests[-1][1].startswith("http://wheels.invalid/")


def test_a_host_that_no_proxy_names_is_asked_directly(index: Index, store: Store) -> None:
    nobody = Secret("http://127.0.0.1:1")
    proxies = (("http_proxy", nobody), ("no_proxy", Secret("127.0.0.1")))
    lock = lock_of(artifact(index, "alpha", b"x"))
    assert fetch(lock, PackageIndex(proxies=proxies), store, silent).artifacts[0].size == 1


def test_progress_counts_bytes_to_the_last_one(index: Index, store: Store) -> None:
    events: list[Event] = []
    lock = lock_of(*(artifact(index, f"w{n}", os.urandom(50_000)) for n in range(10)))
    fetch(lock, PackageIndex(), store, events.append)
    assert (events[-1].done, events[-1].total) == (500_000, 500_000)


def test_no_thread_outlives_a_failed_fetch(index: Index, store: Store) -> None:
    items = [artifact(index, f"w{n}", os.urandom(500_000)) for n in range(8)]
    (index.folder / items[0].filename).write_bytes(b"wrong")
    before = threading.active_count()
    with pytest.raises(ArtifactCorrupt):
        fetch(lock_of(*items), PackageIndex(), store, silent)
    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name], before
