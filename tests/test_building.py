"""Real builds in the real build image; what a setup.py may do to whoever builds it."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.base import rootfs
from seldon_builder.base.sandboxes import Container, RootNamespaces, Sandbox, UserNamespaces
from seldon_builder.building import isolation
from seldon_builder.detection import Requirement
from seldon_builder.errors.building import BuildFailed, BuildImpossible
from seldon_builder.image import Image
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store

from .bases import FOREIGN
from .workbench import SETUP, Workbench, project, sdist

pytestmark = [pytest.mark.docker, pytest.mark.network]
EXTENSION = """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *none) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "fast", 0, -1, methods};
PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&module); }
"""
COMPILED = {
    "setup.py": "from setuptools import setup, Extension\n"
    "setup(name='fast', version='1.0', ext_modules=[Extension('fast', ['fast.c'])])\n",
    "fast.c": EXTENSION,
}


@pytest.fixture(scope="module")
def images(repository: Path) -> Store:
    return Store(repository / ".venv" / "test-store")


@pytest.fixture(scope="module")
def shared(images: Store, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """One store for most tests, so that setuptools comes once."""
    return Workbench(images, Store(tmp_path_factory.mktemp("wheels")))


@pytest.fixture
def bench(shared: Workbench) -> Workbench:
    return replace(shared, heard=[])


def names(wheel: Path) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_setup_py_that_prints_becomes_a_wheel(bench: Workbench, tmp_path: Path) -> None:
    folder = project(tmp_path / "p", {"setup.py": f"print('hello')\n{SETUP}", "churn.py": "x = 1\n"})

    wheel = bench.build(folder)

    assert wheel.name == "churn-1.0-py3-none-any.whl"
    assert [name.rpartition("/")[2] for name in names(wheel)] == [
        *("churn.py", "METADATA", "WHEEL", "top_level.txt", "RECORD"),
    ]
    assert bench.said.startswith("Building churn (requirements.txt:1): not built before from what it is now")


def test_what_was_built_is_not_built_again(bench: Workbench, tmp_path: Path) -> None:
    files = {"setup.py": SETUP, "churn.py": f"x = {os.getpid()}\n"}
    first = bench.build(project(tmp_path / "one", files))
    bench.heard.clear()

    again = bench.build(project(tmp_path / "two", files))
    assert (again, bench.said) == (first, "")

    (tmp_path / "two" / "churn.py").write_text("x = 'changed'\n")
    assert bench.build(tmp_path / "two") != first


def test_a_kept_wheel_that_was_changed_is_built_again(bench: Workbench, tmp_path: Path) -> None:
    folder = project(tmp_path / "p", {"setup.py": SETUP, "churn.py": "x = 'kept'\n"})
    wheel = bench.build(folder)
    before = sha256(wheel)
    wheel.write_bytes(b"something else")

    assert sha256(bench.build(folder)) == before


def test_a_build_needs_nothing_but_the_store_the_second_time(bench: Workbench, tmp_path: Path) -> None:
    folder = project(tmp_path / "p", {"setup.py": SETUP, "churn.py": "x = 'offline'\n"})
    wheel = bench.build(folder)
    builder = bench.builder()
    nowhere = replace(builder.images, store=Store(tmp_path / "none"), offline=True)
    offline = replace(builder.resolver, index=PackageIndex(offline=True))
    builder = replace(builder, images=nowhere, resolver=offline)

    assert builder.build(Requirement("churn", "", build=str(folder))) == wheel


def test_the_version_may_come_from_the_code(bench: Workbench, tmp_path: Path) -> None:
    pyproject = (
        "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"
        "[project]\nname = 'churn'\ndynamic = ['version']\n"
        "[tool.setuptools.dynamic]\nversion = {attr = 'churn.VERSION'}\n"
    )
    folder = project(tmp_path / "p", {"pyproject.toml": pyproject, "churn/__init__.py": "VERSION = '4.2'\n"})

    assert bench.build(folder).name == "churn-4.2-py3-none-any.whl"


def test_other_backends_and_what_they_ask_for_serve(bench: Workbench, tmp_path: Path) -> None:
    pyproject = (
        "[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['backend']\n"
        "[project]\nname = 'churn'\nversion = '1.0'\ndescription = 'churn'\n"
    )
    backend = (
        "def get_requires_for_build_wheel(settings=None):\n    return ['flit_core']\n"
        "def build_wheel(*arguments):\n    from flit_core.buildapi import build_wheel\n"
        "    return build_wheel(*arguments)\n"
    )
    files = {"pyproject.toml": pyproject, "backend/own.py": backend, "churn.py": '"""Churn."""\n'}

    wheel = bench.build(project(tmp_path / "p", files))

    assert "churn.py" in names(wheel)


def test_compiled_code_has_the_same_bytes_in_every_store(
    bench: Workbench, images: Store, tmp_path: Path
) -> None:
    folder = project(tmp_path / "p", COMPILED)
    elsewhere = Workbench(images, Store(tmp_path / "elsewhere"))

    first, second = bench.build(folder), elsewhere.build(folder)

    assert first.name == "fast-1.0-cp313-cp313-linux_x86_64.whl"
    assert first != second
    assert sha256(first) == sha256(second)


def test_a_source_archive_is_built_like_a_folder(bench: Workbench, tmp_path: Path) -> None:
    archive = sdist(tmp_path, "churn", "1.0", {"setup.py": SETUP, "churn.py": "x = 'archive'\n"})

    assert "churn.py" in names(bench.build(archive))


def test_where_setuptools_cannot_tell_modules_only_dependencies_are_taken(
    bench: Workbench, tmp_path: Path
) -> None:
    setup = "from setuptools import setup\nsetup(name='churn', version='1', install_requires=['idna'])\n"
    folder = project(tmp_path / "p", {"setup.py": setup, "data/a.py": "", "model/b.py": ""})

    for _ in range(2):
        bench.heard.clear()
        wheel = bench.build(folder)
        assert bench.said.endswith("so only its dependencies are taken")

    assert all(".dist-info/" in name for name in names(wheel))
    assert b"Requires-Dist: idna" in zipfile.ZipFile(wheel).read("churn-1.dist-info/METADATA")


def test_what_never_enters_an_image_enters_no_wheel(bench: Workbench, tmp_path: Path) -> None:
    listing = "import os; print('FOUND', sorted(os.listdir('.')))\n" + SETUP + "raise SystemExit(9)\n"
    never = {".s2i/environment": "A=B", ".git/config": "", "wheels/x.whl": "", "pip.conf": "", ".netrc": ""}
    folder = project(tmp_path / "p", {"setup.py": listing, "churn.py": "", "big.pkl": "", **never})

    with pytest.raises(BuildFailed) as failed:
        bench.build(folder)

    found = next(line for line in failed.value.output.splitlines() if line.startswith("FOUND"))
    assert found == "FOUND ['big.pkl', 'churn.py', 'setup.py']"


BAD = {
    "input": ("input('name? ')", "asks for input", "let it take its defaults"),
    "exit": ("raise SystemExit(3)", "ended with status 3", "wheels/"),
    "exit zero": ("raise SystemExit(0)", "before it called setup", "always call setup"),
    "os exit": ("import os; os._exit(0)", "ended Python itself", "do not let setup.py call exit"),
    "killed": ("import os; os.kill(os.getpid(), 9)", "killed, as happens where memory ends", "memory"),
    "import": ("import zz_not_there", "imports zz_not_there", "[build-system] requires"),
    "program": (
        "import subprocess; subprocess.check_call(['cmake', '.'])",
        "needs the program cmake",
        "[build-system] requires",
    ),
    "header": (
        "import subprocess; open('a.c', 'w').write('#include <zz.h>'); subprocess.check_call(['gcc', 'a.c'])",
        "the header zz.h is missing",
        "wheels/",
    ),
    "library": (
        "import subprocess; open('a.c', 'w').write('int main(){}')\n"
        "subprocess.check_call(['gcc', 'a.c', '-lzz'])",
        "the library zz is missing",
        "wheels/",
    ),
    "bug": ("1 / 0", "ended with status 1", "correct it"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_setup_py_that_goes_wrong_is_told_in_words(bench: Workbench, tmp_path: Path, kind: str) -> None:
    code, happened, way_out = BAD[kind]
    folder = project(tmp_path / "p", {"setup.py": f"print('so far')\n{code}\n{SETUP}", "churn.py": ""})

    with pytest.raises(BuildFailed) as failed:
        bench.build(folder)

    assert happened in failed.value.message
    assert way_out in failed.value.hint
    assert "so far" in failed.value.output
    assert list((bench.store.root / "building").iterdir()) == []


def test_nobody_is_told_to_edit_an_archive(bench: Workbench, tmp_path: Path) -> None:
    path = sdist(tmp_path, "churn", "1.0", {"setup.py": f"import zz_not_there\n{SETUP}", "churn.py": ""})

    with pytest.raises(BuildFailed) as failed:
        bench.build(path)

    assert failed.value.hint.startswith("ask for another version of it, or take another Python (--python)")


@pytest.mark.parametrize("way", [Container, RootNamespaces, UserNamespaces])
def test_a_build_reaches_nothing_of_this_machine(
    bench: Workbench,
    tmp_path: Path,
    way: type,
    monkeypatch: pytest.MonkeyPatch,
    listener: tuple[int, list[str]],
) -> None:
    force(way, monkeypatch)
    monkeypatch.setenv("ZZ_SECRET", "hunter2")
    port, reached = listener
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    look = (
        "import json, os, socket\n"
        "found = {'environment': sorted(os.environ), 'user': os.getuid()}\n"
        f"found['files'] = [p for p in ('{secret}', '/work', '/var/run/docker.sock') if os.path.exists(p)]\n"
        "try:\n    open('/usr/zz', 'w')\n    found['written'] = True\nexcept OSError:\n    pass\n"
        f"try:\n    socket.create_connection(('127.0.0.1', {port}), 2)\n    found['reached'] = True\n"
        "except OSError:\n    pass\n"
        "print('FOUND', json.dumps(found))\nraise SystemExit(9)\n"
    )
    folder = project(tmp_path / "p", {"setup.py": look, "churn.py": f"{way}"})

    with pytest.raises(BuildFailed) as failed:
        bench.build(folder)

    line = next(line for line in failed.value.output.splitlines() if line.startswith("FOUND "))
    found = json.loads(line.removeprefix("FOUND "))
    assert found.keys() == {"environment", "user", "files"}
    assert (found["files"], found["user"], reached) == ([], 65534, [])
    assert set(found["environment"]) <= {
        *("HOME", "LC_ALL", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONUNBUFFERED"),
        *("SOURCE_DATE_EPOCH", "TMPDIR", "TZ", "HOSTNAME", "PWD", "LC_CTYPE"),
    }


def test_a_build_that_downloads_is_told_so(bench: Workbench, tmp_path: Path) -> None:
    code = "import urllib.request\nurllib.request.urlopen('http://files.example.com/model.bin')\n"
    folder = project(tmp_path / "p", {"setup.py": code + SETUP, "churn.py": ""})

    with pytest.raises(BuildFailed, match="tries to reach the network"):
        bench.build(folder)


@pytest.mark.parametrize("way", [Container, RootNamespaces])
def test_a_build_that_hangs_is_ended(
    bench: Workbench, tmp_path: Path, way: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    force(way, monkeypatch)
    code = "import time\nwhile True:\n    print('waiting ' * 1000)\n    time.sleep(0.001)\n"
    folder = project(tmp_path / "p", {"setup.py": code, "churn.py": f"{way}"})

    with pytest.raises(BuildFailed, match="not ended after 4 seconds") as failed:
        replace(bench, seconds=4.0).build(folder)

    assert len(failed.value.output) < 10_000
    assert "SELDON_BUILD_MINUTES" in failed.value.hint


@pytest.mark.parametrize("way", [RootNamespaces, UserNamespaces])
def test_every_way_makes_the_same_wheel(
    bench: Workbench, images: Store, tmp_path: Path, way: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path / "p", COMPILED)
    expected = sha256(bench.build(folder))
    force(way, monkeypatch)

    assert sha256(Workbench(images, Store(tmp_path / "other")).build(folder)) == expected


def test_without_any_way_the_reasons_are_named(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    force(Sandbox, monkeypatch)
    folder = project(tmp_path / "p", {"setup.py": SETUP, "churn.py": "x = 'nowhere'\n"})

    with pytest.raises(BuildImpossible, match="no Docker engine answers") as impossible:
        bench.build(folder)

    assert impossible.value.is_general


def test_results_that_are_links_are_not_followed(bench: Workbench, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text('["idna"]')
    pyproject = "[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['.']\n"
    backend = f"import os\nos.symlink('{secret}', '/mnt/seldon/out/requires.json')\nos._exit(0)\n"
    folder = project(tmp_path / "p", {"pyproject.toml": pyproject, "own.py": backend})

    with pytest.raises(BuildFailed):
        bench.build(folder)


def test_a_wheel_whose_record_lies_is_refused(bench: Workbench, tmp_path: Path) -> None:
    pyproject = "[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['.']\n"
    backend = (
        "import zipfile\n"
        "def build_wheel(folder, settings=None, metadata=None):\n"
        "    with zipfile.ZipFile(folder + '/a-1-py3-none-any.whl', 'w') as archive:\n"
        "        archive.writestr('a.py', 'x = 1')\n"
        "        archive.writestr('a-1.dist-info/RECORD', 'a.py,sha256=AAAA,5\\na-1.dist-info/RECORD,,\\n')\n"
        "    return 'a-1-py3-none-any.whl'\n"
    )
    folder = project(tmp_path / "p", {"pyproject.toml": pyproject, "own.py": backend})

    with pytest.raises(BuildFailed, match=r"a\.py is not what RECORD says"):
        bench.build(folder)


@pytest.mark.parametrize(("files", "fits"), [({"setup.py": SETUP, "churn.py": ""}, True), (COMPILED, False)])
def test_for_another_architecture_only_pure_wheels_are_built(
    bench: Workbench, tmp_path: Path, files: dict[str, str], fits: bool
) -> None:
    folder = project(tmp_path / "p", files)
    builder = bench.builder()
    foreign = replace(builder.images.target, architecture=FOREIGN)
    builder = replace(builder, images=replace(builder.images, target=foreign))
    requirement = Requirement("churn", "", build=str(folder))
    if fits:
        assert builder.build(requirement).name.endswith("-py3-none-any.whl")
        return
    with pytest.raises(BuildImpossible, match=f"not for linux/{FOREIGN}") as impossible:
        builder.build(requirement)
    assert "wheels/" in impossible.value.hint


@pytest.mark.parametrize(
    ("pyproject", "reason"),
    [
        ("[build-system]\nrequires = 'setuptools'\n", "requires of .build-system. is not a list"),
        ("[build-system]\nrequires = ['not a requirement!']\n", "no requirement: 'not a requirement!'"),
        (
            "[build-system]\nrequires = []\nbuild-backend = 5\n",
            "build-backend of .build-system. is not a name",
        ),
        ("build-system = 1\n", "is not a table"),
        ("[build-system", "is not TOML"),
        ("x = " + "[" * 100_000, "nested too deep"),
    ],
)
def test_a_broken_pyproject_is_named(bench: Workbench, tmp_path: Path, pyproject: str, reason: str) -> None:
    with pytest.raises(BuildFailed, match=reason):
        bench.build(project(tmp_path / "p", {"pyproject.toml": pyproject}))


def test_a_folder_without_anything_to_build_is_named(bench: Workbench, tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match=r"neither a pyproject\.toml nor a setup\.py"):
        bench.build(project(tmp_path / "p", {"churn.py": ""}))


def force(way: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only one way of locking in be allowed; none where it is no way."""

    def ways(image: Image, root: Path) -> Iterator[Sandbox]:
        if way is Container:
            name = f"seldon-python-build:{rootfs.chain_of(image).hex[:16]}"
            yield Container("/usr/bin/docker", root, name, is_kept=True)
        elif way is not Sandbox:
            yield way(root)

    monkeypatch.setattr(isolation, "_ways", ways)


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A server of this machine that must not be reached, and who reached it."""
    import threading

    reached: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                reached.append("reached")
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], reached
        server.shutdown(socket.SHUT_RDWR)
