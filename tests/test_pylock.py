from __future__ import annotations

from pathlib import Path

import pytest
import tomllib
from packaging.pylock import Pylock
from seldon_builder.dependencies.pylock import ExportedLock, PylockInvalid, read_pylock, write_pylock
from seldon_builder.digest import Digest
from seldon_builder.lock import Artifact, Lock


def exported(root: Path) -> ExportedLock:
    artifacts = (
        Artifact("scipy", "1.1", "https://host/scipy-1.1-cp313-cp313-any.whl", Digest("a" * 64), 30),
        Artifact("alpha", "2.0+cpu", "https://host/alpha-2.0%2Bcpu-py3-none-any.whl", Digest("b" * 64), 20),
        Artifact("local", "3", (root / "wheels" / "local-3-py3-none-any.whl").as_uri(), Digest("c" * 64), 10),
    )
    lock = Lock("wheels", "uv 1.2", "3.13", "linux/amd64", Digest("d" * 64), artifacts, ("alpha", "local"))
    return ExportedLock(lock, ("engine uv", 'requirement alpha; sys_platform == "linux"'))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert read_pylock(write_pylock(exported(tmp_path), tmp_path), tmp_path) == exported(tmp_path)


def test_the_bytes_say_nothing_of_the_place(tmp_path: Path) -> None:
    texts = {write_pylock(exported(root), root) for root in (tmp_path / "a", tmp_path / "b" / "c")}
    assert len(texts) == 1


def test_the_file_is_what_the_standard_asks_for(tmp_path: Path) -> None:
    document = tomllib.loads(write_pylock(exported(tmp_path), tmp_path))
    lock = Pylock.from_dict(document)
    assert [package.name for package in lock.packages] == ["scipy", "alpha", "local"]


def test_another_tools_lock_is_not_ours(tmp_path: Path) -> None:
    assert read_pylock('lock-version = "1.0"\ncreated-by = "x"\npackages = []\n', tmp_path) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('lock-version = "1.0"', "<<<<<<< HEAD"),
        ('kind = "wheels"\n', ""),
        ("a" * 64, "short"),
        ("roots = [", "roots = 3 # ["),
        ("roots = [", "roots = [3, "),
        ("asked = [", "asked = [3, "),
        ('kind = "wheels"', "kind = 3"),
        ('platform = "linux/amd64"', "platform = 3"),
        ('version = "1.1"', "version = 3"),
        ("size = 30", "size = []"),
        ('url = "https://host/scipy-1.1-cp313-cp313-any.whl", ', ""),
    ],
)
def test_a_lock_that_was_broken_is_told_apart(tmp_path: Path, old: str, new: str) -> None:
    text = write_pylock(exported(tmp_path), tmp_path)
    assert old in text
    with pytest.raises(PylockInvalid):
        read_pylock(text.replace(old, new), tmp_path)


def test_passwords_that_somebody_wrote_are_not_read(tmp_path: Path) -> None:
    text = write_pylock(exported(tmp_path), tmp_path).replace("https://host/", "https://me:word@host/")
    found = read_pylock(text, tmp_path)
    assert found == exported(tmp_path)


def test_a_lock_that_no_parser_can_follow_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PylockInvalid, match="nested too deep"):
        read_pylock("a = " + "[" * 20000, tmp_path)


def test_a_lock_with_odd_tools_is_somebody_elses(tmp_path: Path) -> None:
    assert read_pylock("tool = 5\n", tmp_path) is None
