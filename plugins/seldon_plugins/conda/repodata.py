"""The index files of channels: fetched into the store, and read from there where there is no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from seldon_builder.dependencies.file_url import path_of
from seldon_builder.digest import Digest
from seldon_builder.errors.conda import ChannelUnusable
from seldon_builder.errors.resolution import IndexUnreachable, OfflineMissing
from seldon_builder.events import Emit, progress
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store

from .environment import Channel

if TYPE_CHECKING:
    import rattler
    from rattler import SparseRepoData
    from seldon_builder.dependencies.download import Downloads

RECORD = "conda-repodata"
NOARCH = "noarch"
# The larger public channels have an index of 500 MB.
LARGEST = 4 << 30
_NAMES = ("repodata.json.zst", "repodata.json")
_CHUNK = 1 << 20
_OFFLINE_HINT = "solve once with network, or bring a conda-lock.yml (`seldon-python lock`)"
_ABSENT = ("it answers 404", "it answers 410")


@dataclass(frozen=True)
class Indexed:
    """The index of one platform of a channel."""

    channel: Channel
    subdir: str
    sparse: SparseRepoData


@contextmanager
def indexes_of(
    channels: Sequence[Channel], subdir: str, index: PackageIndex, store: Store, emit: Emit
) -> Iterator[list[Indexed]]:
    """Open the indexes of ``channels``, the first one first; ChannelUnusable where one cannot be had."""
    from seldon_builder.dependencies.download import Downloads

    with TemporaryDirectory() as folder, closing(Downloads(index)) as downloads, ExitStack() as opened:
        found = []
        for number, channel in enumerate(channels):
            emit(progress("lock", f"Reading the channel {channel.name}"))
            reading = _Reading(channel, index, store, downloads, Path(folder) / str(number))
            for item in reading.indexes((subdir, NOARCH)):
                opened.callback(item.sparse.close)
                found.append(item)
        yield found


def place_of(channel: Channel) -> rattler.Channel:
    """Return the channel as the solver has it, on its default host where no URL is known."""
    from rattler import Channel as Place

    return Place(channel.url or channel.name)


class _Reading:
    """Reads the indexes of one channel."""

    def __init__(
        self, channel: Channel, index: PackageIndex, store: Store, downloads: Downloads, folder: Path
    ) -> None:
        self._channel, self._index, self._store, self._downloads = channel, index, store, downloads
        self._folder = folder
        self._place = place_of(channel)
        self._url = self._place.base_url.rstrip("/")

    def indexes(self, subdirs: Sequence[str]) -> list[Indexed]:
        if self._channel.name == "defaults" and not self._channel.url:
            raise self._unusable("it stands for several channels, and nobody said where they are")
        found = []
        for subdir in subdirs:
            path = self._path(subdir)
            if path is not None:
                found.append(Indexed(self._channel, subdir, self._opened(subdir, path)))
        if not found:
            raise self._unusable(f"it has neither {' nor '.join(subdirs)}")
        return found

    def _path(self, subdir: str) -> Path | None:
        if self._url.startswith("file:"):
            folder = path_of(self._url) / subdir
            plain, packed = folder / "repodata.json", folder / "repodata.json.zst"
            if plain.is_file():
                return plain
            return self._unpacked(packed, subdir) if packed.is_file() else None
        for name in _NAMES:
            if digest := self._blob(f"{self._url}/{subdir}/{name}"):
                path = self._store.blob(digest).path
                return self._unpacked(path, subdir) if name.endswith(".zst") else path
        return None

    def _blob(self, url: str) -> Digest | None:
        key = Digest.of(url.encode())
        if self._index.offline:
            known = self._store.record(RECORD, key)
            if known is None:
                raise OfflineMissing([f"the index of the channel {self._channel.name}"], hint=_OFFLINE_HINT)
            digest = Digest(known["sha256"]) if known["sha256"] else None
            return digest if digest and self._store.has(digest) else None
        digest = self._fetched(url)
        self._store.keep(RECORD, key, {"sha256": digest.hex if digest else ""})
        return digest

    def _fetched(self, url: str) -> Digest | None:
        from seldon_builder.dependencies.download import Received

        with self._store.writer() as writer:

            def write(data: bytes) -> None:
                if writer.size + len(data) > LARGEST:
                    raise self._unusable(f"its index is larger than {LARGEST >> 30} GiB")
                writer.write(data)

            try:
                self._downloads.get(url, Received(write, lambda _: None))
            except IndexUnreachable as error:
                if error.reason.startswith(_ABSENT):
                    return None
                raise self._unusable(error.reason) from error
            return writer.commit()

    def _unpacked(self, path: Path, subdir: str) -> Path:
        from backports import zstd

        self._folder.mkdir(exist_ok=True)
        unpacked = self._folder / f"{subdir}.json"
        try:
            with path.open("rb") as file, zstd.open(file) as stream, unpacked.open("wb") as out:
                while data := stream.read(_CHUNK):
                    out.write(data)
                    if out.tell() > LARGEST:
                        raise self._unusable(f"its index is larger than {LARGEST >> 30} GiB")
        except (zstd.ZstdError, EOFError) as error:
            raise self._unusable(f"what it has as the index of {subdir} is damaged ({error})") from error
        return unpacked

    def _opened(self, subdir: str, path: Path) -> SparseRepoData:
        from rattler import SparseRepoData

        try:
            return SparseRepoData(self._place, subdir, path)
        except OSError as error:
            raise self._unusable(f"what it has as the index of {subdir} is none ({error})") from error

    def _unusable(self, reason: str) -> ChannelUnusable:
        return ChannelUnusable(self._channel.name, reason, self._channel.url)
