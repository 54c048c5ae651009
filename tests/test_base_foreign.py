"""A base image for an architecture whose programs do not run here."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from seldon_builder.base import Base, foreign
from seldon_builder.base.rootfs_interpreter import interpreter_for
from seldon_builder.base.tree import with_files
from seldon_builder.events import silent

from . import bases

pytestmark = pytest.mark.network
LIMIT = 120_000_000
MACHINES = {"arm64": 183, "amd64": 62}
EMULATORS = {"arm64": "qemu-aarch64-static", "amd64": "qemu-x86_64-static"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return bases.debian(tmp_path_factory, bases.FOREIGN)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return bases.debian(tmp_path_factory)


@pytest.fixture(scope="module")
def root(base: Base) -> Path:
    return base.rootfs()


def test_python_is_of_that_architecture(base: Base, root: Path) -> None:
    program = (root / base.target.python_path[1:]).read_bytes()

    assert program[:4] == b"\x7fELF"
    assert int.from_bytes(program[18:20], "little") == MACHINES[bases.FOREIGN]
    assert base.image.architecture == bases.FOREIGN


def test_it_says_of_itself_what_its_twin_says(base: Base, native: Base) -> None:
    assert base.image.labels == native.image.labels
    assert base.image.config["User"] == "8888:0"


def test_it_is_small(base: Base) -> None:
    assert sum(layer.unpacked_size for layer in base.image.layers) < LIMIT
    assert base.image.config_bytes.count(b"created_by") == 1


@pytest.mark.parametrize("name", ["etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt"])
def test_what_scripts_make_is_as_in_its_twin(root: Path, native: Base, name: str) -> None:
    assert (root / name).read_bytes() == (native.rootfs() / name).read_bytes() != b""


def test_the_folders_of_programs_are_merged_and_a_shell_is_there(root: Path) -> None:
    assert (root / "bin").readlink() == Path("usr/bin")
    assert (root / "bin/sh").exists()
    assert (root / "usr/bin/env").exists()


def test_no_file_of_its_twin_s_machine_is_inside(root: Path) -> None:
    machine = MACHINES[bases.FOREIGN].to_bytes(2, "little")
    programs = [path for path in (root / "usr").rglob("*") if path.is_file() and not path.is_symlink()]
    heads = {path: path.read_bytes()[:20] for path in programs}

    assert [path for path, head in heads.items() if head[:4] == b"\x7fELF" and head[18:20] != machine] == []
    assert not (root / "etc/ld.so.cache").exists()


def test_scanners_find_its_packages(root: Path, native: Base) -> None:
    def packages(place: Path) -> set[str]:
        status = (place / "var/lib/dpkg/status").read_text()
        assert status.count("\nStatus: install ok installed\n") == status.count("Package: ")
        return {line[9:] for line in status.splitlines() if line.startswith("Package: ")}

    assert packages(root) == packages(native.rootfs())


def test_its_standard_library_has_bytecode(root: Path) -> None:
    assert (root / "usr/lib/python3.13/json/__pycache__/decoder.cpython-313.pyc").read_bytes()[4] == 1


def test_its_twin_compiles_for_it(base: Base, tmp_path_factory: pytest.TempPathFactory) -> None:
    interpreter = interpreter_for(base, bases.store_of_run(tmp_path_factory), silent)
    with io.BytesIO() as output:
        interpreter.run(["-c", "print('hello')"], stdin=io.BytesIO(), stdout=output, environment={})
        assert output.getvalue() == b"hello\n"
    assert interpreter.version == base.target.python_version


def test_python_runs_in_an_emulator(base: Base, root: Path) -> None:
    assert shutil.which(EMULATORS[bases.FOREIGN]), "qemu-user-static is not installed: run bin/test"
    emulator = [EMULATORS[bases.FOREIGN], "-L", str(root), str(root / base.target.python_path[1:])]
    found = subprocess.run([*emulator, "-V"], capture_output=True, text=True, check=True)

    assert found.stdout == f"Python {base.target.python_version}\n"


def test_bytecode_without_its_very_source_is_left_out() -> None:
    sources = {f"lib/{name}.py": name.encode() for name in ("same", "other", "gone")}
    bytecode = {f"lib/__pycache__/{name}.cpython-313.pyc": b"" for name in ("same", "other", "gone")}
    native = with_files({}, {**sources, **bytecode})
    tree = with_files({}, {"lib/same.py": b"same", "lib/other.py": b"a newer one"})

    completed = foreign.with_generated(tree, native)

    assert set(completed) - set(tree) == {"lib/gone.py", "lib/__pycache__/same.cpython-313.pyc"}
