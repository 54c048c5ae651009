"""What of a lock lands in a folder of files, and what is read back from there."""

from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.dependencies.fetch import fetch
from seldon_builder.dependencies.wheel_folder import Filled, fill
from seldon_builder.digest import Digest
from seldon_builder.errors.resolution import OfflineMissing
from seldon_builder.errors.store import BlobCorrupt
from seldon_builder.events import silent
from seldon_builder.lock import CONDA, PROJECT, WHEEL, Artifact, Lock
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store

WHERE = "https://packages.example.com"


def lock_of(store: Store, *names: tuple[str, str]) -> Lock:
    artifacts = (
        Artifact(name.partition("-")[0], "1.0", f"{WHERE}/{name}", store.add(name.encode()), len(name), kind)
        for name, kind in names
    )
    return Lock("wheels", "uv", "3.13", "linux/amd64", Digest.of(b""), tuple(artifacts))


FILES = (
    ("a-1.0%2Bcpu-py3-none-any.whl", WHEEL),
    ("b-1.0-h0.conda", CONDA),
    ("c-1.0-py3-none-any.whl", PROJECT),
)


def test_conda_packages_have_a_folder_of_their_own_and_projects_none(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    filled = fill(tmp_path / "out", [lock_of(store, *FILES)] * 2, store, silent)
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))
    assert found == ["a-1.0+cpu-py3-none-any.whl", "conda/b-1.0-h0.conda"]
    assert filled == Filled(2, len(FILES[0][0]) + len(FILES[1][0]))


def test_what_a_lock_names_by_url_is_fetched_from_the_folder(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    lock = lock_of(store, *FILES[:2])
    fill(tmp_path / "out", [lock], store, silent)
    empty, index = (
        Store(tmp_path / "empty"),
        PackageIndex(wheel_folders=(str(tmp_path / "out"),), offline=True),
    )
    assert fetch(lock, index, empty, silent) == lock
    assert all(empty.has(artifact.sha256, artifact.size) for artifact in lock.artifacts)


def test_other_bytes_of_that_name_are_not_taken(tmp_path: Path) -> None:
    lock = lock_of(Store(tmp_path / "store"), FILES[1])
    (tmp_path / "out" / "conda").mkdir(parents=True)
    (tmp_path / "out" / "conda" / "b-1.0-h0.conda").write_bytes(b"other")
    index = PackageIndex(wheel_folders=(str(tmp_path / "out"),), offline=True)
    with pytest.raises(OfflineMissing, match=r"b 1\.0"):
        fetch(lock, index, Store(tmp_path / "empty"), silent)


def test_a_damaged_blob_leaves_no_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    lock = lock_of(store, FILES[0])
    store.blob(lock.artifacts[0].sha256).path.write_bytes(b"damaged")
    with pytest.raises(BlobCorrupt):
        fill(tmp_path / "out", [lock], store, silent)
    assert list((tmp_path / "out").iterdir()) == []
