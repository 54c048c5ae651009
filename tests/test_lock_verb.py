"""``seldon-python lock``: what it keeps, what it upgrades, what it says, and where it writes."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.base.labels import GLIBC_VERSION, PYTHON_PATH, PYTHON_VERSION
from seldon_builder.cli import run
from seldon_builder.dependencies.pylock import read_pylock
from seldon_builder.detection import Requirement
from seldon_builder.events import silent
from seldon_builder.media.layout import LayoutDestination
from seldon_builder.reference import Reference
from seldon_builder.store import Store
from seldon_runtime.plugins import requirements

from .sample_images import make_image
from .wheelhouse import Index, make_wheel, serve

LABELS = {PYTHON_VERSION: "3.13.5", PYTHON_PATH: "/usr/bin/python3.13", GLIBC_VERSION: "2.41"}
BOTH = "linux/amd64,linux/arm64"


class Verb:
    """The verb on a model in a folder of the test, with bases and an index of its own."""

    def __init__(self, folder: Path, index: Index, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.index, self._capsys = folder, index, capsys
        self.model = folder / "model"
        self.model.mkdir()
        (self.model / "Model.py").write_text("class Model:\n    def predict(self, X): ...\n")
        self.ask("alpha")
        self.out = self.err = ""

    def ask(self, *lines: str) -> None:
        (self.model / "requirements.txt").write_text("\n".join(lines) + "\n")

    def offer(self, name: str, version: str, *requires: str) -> None:
        make_wheel(self.index.folder, name, version, requires=requires)

    def __call__(self, *options: str, store: str = "store") -> int:
        places = ("--run-image", f"oci:{self.folder}/base", "--store", str(self.folder / store))
        code = run(["lock", str(self.model), *options, *places, "-e", f"PIP_INDEX_URL={self.index.simple}"])
        self.out, self.err = self._capsys.readouterr()
        return code

    def versions(self, name: str = "pylock.toml") -> dict[str, str]:
        found = read_pylock((self.model / name).read_text(), self.model)
        assert found is not None
        ours = {Requirement(line, "").name for line in requirements()}
        return {item.name: item.version for item in found.lock.artifacts if item.name not in ours}


@pytest.fixture
def lock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Verb]:
    for line in requirements():
        make_wheel(tmp_path / "index", Requirement(line, "").name, "99.0")
    for architecture in ("amd64", "arm64"):
        image = make_image(Store(tmp_path / "others")).with_config(Labels=LABELS)
        image = replace(image, architecture=architecture)
        LayoutDestination(tmp_path / "base", Reference.parse(f"base:{architecture}"), silent).write(image)
    with serve(tmp_path / "index") as index:
        verb = Verb(tmp_path, index, capsys)
        verb.offer("alpha", "1.0", "beta")
        verb.offer("beta", "1.0")
        verb.offer("gamma", "1.0")
        assert verb() == 0
        yield verb


def offer_newer(lock: Verb) -> None:
    lock.offer("alpha", "2.0", "beta")
    lock.offer("beta", "2.0")


def test_a_new_line_changes_nothing_else(lock: Verb) -> None:
    offer_newer(lock)
    lock.ask("alpha", "gamma")

    assert lock() == 0
    assert lock.versions() == {"alpha": "1.0", "beta": "1.0", "gamma": "1.0"}
    assert "added:   gamma 1.0" in lock.err


def test_a_line_that_forbids_a_version_changes_that_alone(lock: Verb) -> None:
    offer_newer(lock)
    lock.ask("alpha>=2")

    assert lock() == 0
    assert lock.versions() == {"alpha": "2.0", "beta": "1.0"}
    assert "changed: alpha 1.0 -> 2.0" in lock.err


@pytest.mark.parametrize("store", ["store", "another"])
def test_an_unchanged_lock_stays_whatever_is_newer(lock: Verb, store: str) -> None:
    before = (lock.model / "pylock.toml").read_bytes()
    offer_newer(lock)

    assert lock(store=store) == 0
    assert (lock.model / "pylock.toml").read_bytes() == before


def test_refresh_asks_the_engine_and_keeps_what_satisfies(lock: Verb) -> None:
    offer_newer(lock)

    assert lock("--refresh") == 0
    assert lock.versions() == {"alpha": "1.0", "beta": "1.0"}


def test_upgrade_takes_the_newest_of_all(lock: Verb) -> None:
    offer_newer(lock)

    assert lock("--upgrade") == 0
    assert lock.versions() == {"alpha": "2.0", "beta": "2.0"}


@pytest.mark.parametrize("name", ["beta", "Beta"])
def test_upgrade_of_a_name_changes_that_alone(lock: Verb, name: str) -> None:
    offer_newer(lock)

    assert lock("--upgrade", name) == 0
    assert lock.versions() == {"alpha": "1.0", "beta": "2.0"}


def test_an_upgrade_of_what_is_not_there_names_what_is_near(lock: Verb) -> None:
    assert lock("--upgrade", "alpa", "--upgrade", "beta") == 99
    assert "alpa. Near it are: alpha." in lock.err


def test_an_upgrade_without_a_lock_says_so(lock: Verb) -> None:
    (lock.model / "pylock.toml").unlink()

    assert lock("--upgrade", "alpha") == 99
    assert "no lock yet" in lock.err


def test_several_platforms_have_a_file_each(lock: Verb) -> None:
    (lock.model / "pylock.toml").unlink()

    assert lock("--platform", BOTH) == 0
    names = ["pylock.linux-amd64.toml", "pylock.linux-arm64.toml"]
    assert lock.out.split() == [str(lock.model / name) for name in names]
    assert [path.name for path in sorted(lock.model.glob("pylock*"))] == names
    assert "platform_machine == 'aarch64'" in (lock.model / names[1]).read_text()


def test_the_file_of_the_platform_comes_before_the_common_one(lock: Verb) -> None:
    assert lock("--platform", BOTH) == 0
    common = (lock.model / "pylock.toml").read_bytes()
    offer_newer(lock)

    assert lock("--platform", "linux/arm64", "--upgrade") == 0
    assert lock.out.strip().endswith("pylock.linux-arm64.toml")
    assert lock.versions("pylock.linux-arm64.toml") == {"alpha": "2.0", "beta": "2.0"}
    assert lock.versions("pylock.linux-amd64.toml") == {"alpha": "1.0", "beta": "1.0"}
    assert (lock.model / "pylock.toml").read_bytes() == common


def test_check_says_what_would_change_and_writes_nothing(lock: Verb) -> None:
    offer_newer(lock)
    before = (lock.model / "pylock.toml").read_bytes()
    assert lock("--check") == 0
    lock.ask("alpha>=2")

    assert lock("--check") == 28
    assert "changed: alpha 1.0 -> 2.0" in lock.err
    assert (lock.model / "pylock.toml").read_bytes() == before


def test_check_without_a_lock_says_that_there_is_none(lock: Verb) -> None:
    (lock.model / "pylock.toml").unlink()

    assert lock("--check") == 28
    assert "not there yet" in lock.err
    assert f"make it anew with `seldon-python lock {lock.model} --run-image oci:" in lock.err


@pytest.mark.parametrize("content", [b"[", b"\xff\xfe", b"a = 1", b'[tool.seldon-python]\nkind = "wheels"\n'])
def test_a_damaged_lock_is_made_anew(lock: Verb, content: bytes) -> None:
    (lock.model / "pylock.toml").write_bytes(content)

    assert lock() == 0
    assert lock.versions() == {"alpha": "1.0", "beta": "1.0"}


def test_a_wheel_that_changed_on_the_index_is_locked_anew(lock: Verb) -> None:
    make_wheel(lock.index.folder, "beta", "1.0", files={"beta/__init__.py": b"changed = 1\n"})

    assert lock(store="another") == 0
    assert "changed: beta 1.0, to" in lock.err


def test_the_bill_of_materials_needs_no_image(lock: Verb) -> None:
    assert lock("--sbom", "-") == 0
    bill = json.loads(lock.out)
    assert bill["metadata"]["component"]["name"] == "Model"
    assert {"alpha", "beta"} <= {component["name"] for component in bill["components"]}


def test_a_file_that_cannot_be_written_is_named(lock: Verb) -> None:
    assert lock("--sbom", str(lock.model / "none" / "sbom.json")) == 57
    assert "Cannot write the bill of materials" in lock.err


def test_a_lock_that_cannot_be_written_leaves_the_one_before(lock: Verb) -> None:
    assert os.getuid() == 0, "the test mounts a small disk: run as root"
    disk = lock.folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", disk], check=True)
    try:
        (disk / "pylock.toml").write_text("before")
        code = lock("--lock-file", str(disk / "pylock.toml"))
        left = [path.read_text() for path in disk.iterdir()]
    finally:
        subprocess.run(["umount", disk], check=True)

    assert (code, left) == (57, ["before"])
    assert "no space left" in lock.err


def test_a_pipe_takes_a_lock(lock: Verb) -> None:
    pipe, heard = lock.folder / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()), daemon=True)
    reader.start()

    assert lock("--lock-file", str(pipe)) == 0
    reader.join(5)
    assert heard[0].startswith("lock-version")


@pytest.mark.parametrize(
    "options", [("--platform", BOTH, "--lock-file", "x"), ("--sbom", "-", "--lock-file", "-")]
)
def test_options_that_exclude_each_other_are_refused(lock: Verb, options: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit):
        lock(*options)


def test_an_unknown_platform_is_refused(lock: Verb) -> None:
    with pytest.raises(SystemExit):
        lock("--platform", "linux/amd64,linux/riscv64")
