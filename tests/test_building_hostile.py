"""Builds that turn against the machine: what they leave behind, and what they use up."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.base import sandboxes
from seldon_builder.base.rootfs import remove
from seldon_builder.base.sandboxes import Container, RootNamespaces
from seldon_builder.building import isolation
from seldon_builder.errors.building import BuildFailed
from seldon_builder.store import Store

from .test_building import force
from .workbench import Workbench, project

pytestmark = [pytest.mark.docker, pytest.mark.network]
PYPROJECT = "[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['.']\n"
WHEEL = "churn-1.0-py3-none-any.whl"
# Writes a wheel whose RECORD is right, whatever else is wrong with it.
WRITE = """
import base64, hashlib, os, zipfile
METADATA = {'churn-1.0.dist-info/METADATA': b'Name: churn\\nVersion: 1.0\\n'}
def write(path, files, record='churn-1.0.dist-info/RECORD'):
    with zipfile.ZipFile(path, 'w') as archive:
        rows = ''
        for name, content in files.items():
            archive.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()
            rows += f'{name},sha256={digest},{len(content)}\\n'
        archive.writestr(record, rows)
"""


_read = Path.read_text


@pytest.fixture(scope="module")
def shared(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    images = Store(repository / ".venv" / "test-store")
    return Workbench(images, Store(tmp_path_factory.mktemp("wheels")), seconds=60.0)


@pytest.fixture
def bench(shared: Workbench, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """Root's namespaces start in a tenth of a second; tests of containers say so."""
    force(RootNamespaces, monkeypatch)
    return replace(shared, heard=[])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    assert os.getuid() == 0, "the test mounts a small disk: run as root"
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", disk], check=True)


def backend(folder: Path, code: str) -> Path:
    return project(folder, {"pyproject.toml": PYPROJECT, "own.py": WRITE + code})


def building(code: str) -> str:
    lines = "".join(f"    {line}\n" for line in code.splitlines())
    return f"def build_wheel(out, settings=None, metadata=None):\n{lines}    return '{WHEEL}'\n"


@pytest.mark.parametrize("way", [Container, RootNamespaces])
@pytest.mark.parametrize("name", ["job.json", "worker.py", "tmp", "env", "source"])
def test_nothing_is_written_through_what_a_build_left(
    bench: Workbench, tmp_path: Path, way: type, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    force(way, monkeypatch)
    mine = tmp_path / "mine"
    # What is a folder to the builder is one to the attacker.
    if "." in name:
        mine.write_text("mine")
    else:
        mine.mkdir()
    code = (
        "def get_requires_for_build_wheel(settings=None):\n"
        "    with open('/mnt/seldon/out/requires.json', 'w') as file:\n        file.write('[\"idna\"]')\n"
        f"    os.rename('/mnt/seldon/{name}', '/mnt/seldon/moved')\n"
        f"    os.symlink('{mine}', '/mnt/seldon/{name}')\n    os._exit(0)\n"
        + building(f"write(out + '/{WHEEL}', METADATA)")
    )

    wheel = bench.build(backend(tmp_path / "p", code))

    assert wheel.name == WHEEL
    assert mine.read_text() == "mine" if mine.is_file() else not list(mine.iterdir())


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (f"os.mkfifo(out + '/{WHEEL}')", "made no .*it is no file"),
        (f"write(out + '/{WHEEL}', {{'churn.py': b''}})", "no wheel that can be trusted .*METADATA"),
        (
            f"write(out + '/{WHEEL}', {{'churn-1.0.dist-info/METADATA': b'Name: idna\\nVersion: 3.1\\n'}})",
            "its METADATA is of 'idna 3.1'",
        ),
        (
            f"with open(out + '/{WHEEL}', 'wb') as file:\n"
            "    file.truncate(3 << 30)\n    file.seek(0, 2)\n"
            "    file.write(b'PK\\5\\6' + bytes(8) + (0xBFFFFFFF).to_bytes(4, 'little') + bytes(6))",
            "its directory is larger than 16 MiB",
        ),
        ("open(out + '/hole', 'wb').truncate(10 << 30)", "a file of more than 8 GiB"),
    ],
)
def test_what_no_wheel_is_takes_neither_time_nor_memory(
    bench: Workbench, tmp_path: Path, code: str, reason: str
) -> None:
    began = time.monotonic()

    with pytest.raises(BuildFailed, match=f"(?s){reason}"):
        bench.build(backend(tmp_path / "p", building(code)))

    assert time.monotonic() - began < 20


@pytest.mark.parametrize("way", [Container, RootNamespaces])
def test_processes_have_a_limit(
    bench: Workbench, tmp_path: Path, way: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    force(way, monkeypatch)
    limits = [limit.replace("4096", "64") for limit in sandboxes._LIMITS]
    monkeypatch.setattr(sandboxes, "_LIMITS", tuple(limits))
    script = sandboxes._LOCK_AND_RUN.replace("ulimit -p 4096", "ulimit -p 64")
    monkeypatch.setattr(sandboxes, "_LOCK_AND_RUN", script)
    code = building("import time\nfor _ in range(80):\n    os.fork() or time.sleep(60)")

    with pytest.raises(BuildFailed, match="starts too many processes"):
        bench.build(backend(tmp_path / "p", code))


def test_memory_has_a_limit(bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    force(Container, monkeypatch)
    monkeypatch.setattr(sandboxes, "_LIMITS", ("--memory=64m", "--memory-swap=64m"))

    with pytest.raises(BuildFailed, match="killed, as happens where memory ends"):
        bench.build(backend(tmp_path / "p", building("bytearray(1 << 30)[::4096] = b'x' * (1 << 18)")))


def test_a_build_that_fills_the_disk_is_ended(bench: Workbench, tmp_path: Path, small_disk: Path) -> None:
    code = "import time\nopen('big', 'wb').write(bytes(40 << 20))\ntime.sleep(60)"

    with pytest.raises(BuildFailed, match="was filling the disk"):
        replace(bench, store=Store(small_disk / "store")).build(backend(tmp_path / "p", building(code)))

    assert not list((small_disk / "store" / "building").iterdir())


def test_a_build_whose_builder_was_killed_ends_by_itself(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "_is_left_alone", lambda process, *_: process.wait(30) is not None)
    worker = Path(isolation.__file__).with_name("worker.py")
    text = worker.read_text().replace("GRACE = 30.0", "GRACE = 1.0")
    monkeypatch.setattr(Path, "read_text", lambda path, *a: text if path == worker else _read(path, *a))

    with pytest.raises(BuildFailed, match="ended with status 1"):
        replace(bench, seconds=1.0).build(backend(tmp_path / "p", building("import time; time.sleep(60)")))


def test_builds_that_use_the_same_image_do_not_hinder_each_other(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An image of its own: the one that is kept is other tests' too.
    name = f"seldon-python-build:alone-{os.getpid()}"
    monkeypatch.setattr(isolation, "_ways", lambda _, root: [Container("/usr/bin/docker", root, name)])
    root, over = bench.builder().images.chosen("churn").rootfs(), threading.Event()

    def use() -> None:
        while not over.wait(0.001):
            os.utime(root)

    threading.Thread(target=use, daemon=True).start()
    try:
        made = bench.build(backend(tmp_path / "p", building(f"write(out + '/{WHEEL}', METADATA)")))
    finally:
        over.set()

    assert made.name == WHEEL


def test_folders_of_any_depth_are_removed(bench: Workbench, tmp_path: Path) -> None:
    code = "os.chdir('/mnt/seldon/tmp')\nfor _ in range(3000):\n    os.mkdir('d', 0o700)\n    os.chdir('d')\n"
    code += f"os.chmod('.', 0)\nwrite(out + '/{WHEEL}', METADATA)"

    assert bench.build(backend(tmp_path / "p", building(code))).name == WHEEL
    assert not list((bench.store.root / "building").iterdir())


def test_pipes_are_removed_and_what_is_not_there_is_no_matter(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    for _ in range(2):
        remove(pipe)

    assert not os.path.lexists(pipe)
