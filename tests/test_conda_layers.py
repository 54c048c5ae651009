"""Environments become layers: a changed package changes its own, and the bytecode is the packages' own."""

from __future__ import annotations

import json
import marshal
import os
import py_compile
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.base import Base
from seldon_builder.digest import Digest
from seldon_builder.errors.conda import CondaPackageMalformed
from seldon_builder.events import Event, EventKind, silent
from seldon_builder.layer import Layer
from seldon_builder.lock import CONDA, Artifact, Lock
from seldon_builder.prefix import ACTIVATION, DEPENDENCIES
from seldon_builder.store import Store
from seldon_builder.target import Target
from seldon_plugins.conda.activation import activation_script
from seldon_plugins.conda.installed import dependencies_first
from seldon_plugins.conda.installing import seldon_base, seldon_layers

from .bases import image
from .conda_linked import Files, kept, made
from .conda_packages import CondaFile, CondaPackage, write
from .layer_reading import LocalInterpreter, contents, demo, members, stored

HERE = LocalInterpreter()
MINOR = ".".join(HERE.version.split(".")[:2])
TAG = f"cpython-{MINOR.replace('.', '')}"
TARGET = Target("amd64", HERE.version, "2.41", f"{DEPENDENCIES}/bin/python{MINOR}")
LIBRARY = f"lib/python{MINOR}"
SITE = f"{LIBRARY}/site-packages"
# What does not compress, so that its package is a big one.
NOISE = bytes(os.urandom(1 << 21))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def python(more: Files | None = None) -> CondaPackage:
    files: Files = {
        f"bin/python{MINOR}": CondaFile(b"\x7fELF", 0o755),
        "bin/python": CondaFile(link=f"python{MINOR}"),
        f"{LIBRARY}/os.py": "NAME = 'os'\n",
        **(more or {}),
    }
    return CondaPackage("python", HERE.version, files, ["libffi"], subdir="linux-64")


def noarch(
    name: str, modules: Mapping[str, str], version: str = "1", depends: Sequence[str] = ()
) -> CondaPackage:
    files = {f"site-packages/{path}": text for path, text in modules.items()}
    return CondaPackage(name, version, files, ["python", *depends], noarch="python")


def lock_of(
    store: Store, *packages: CondaPackage | Artifact, variables: tuple[tuple[str, str], ...] = ()
) -> Lock:
    artifacts = tuple(each if isinstance(each, Artifact) else made(store, each) for each in packages)
    return Lock("conda", "rattler", MINOR, "linux/amd64", Digest.of(b""), artifacts, variables=variables)


def layers(store: Store, lock: Lock, interpreter: LocalInterpreter | None = None) -> tuple[Layer, ...]:
    found = seldon_layers(lock, TARGET, store, interpreter, silent)
    assert found is not None
    return found


def titles(found: Sequence[Layer]) -> list[str]:
    return [layer.created_by for layer in found]


def files_of(found: Sequence[Layer]) -> dict[str, bytes]:
    return {
        path.removeprefix(f"{DEPENDENCIES}/"): content
        for layer in found
        for path, content in contents(layer).items()
    }


def test_a_lock_of_wheels_is_left_to_others(store: Store) -> None:
    assert seldon_layers(replace(lock_of(store), kind="wheels"), TARGET, store, None, silent) is None


def test_a_lock_without_a_python_has_that_of_the_base(store: Store) -> None:
    lock = lock_of(store, CondaPackage("libffi", "1"))

    assert seldon_base(lock, None, store, silent) is None  # type: ignore[arg-type]  # never looked at


def test_the_python_of_the_lock_stands_in_for_that_of_the_base(store: Store) -> None:
    lock = lock_of(store, python(), CondaPackage("libffi", "1"), CondaPackage("mkl", "2"))
    base = Base(image(store, []), replace(TARGET, python_version="3.9.1"), "base", lambda: store.root)

    own = seldon_base(lock, base, store, silent)

    assert own is not None
    assert own.target == TARGET
    assert own.image is base.image
    assert own.identity == f"{HERE.version} conda {lock.artifacts[0].sha256}"
    inside = own.rootfs() / DEPENDENCIES.strip("/")
    assert sorted(path.name for path in (inside / "conda-meta").iterdir()) == [
        "libffi-1-0.json",
        f"python-{HERE.version}-0.json",
    ]


def test_big_packages_have_layers_of_their_own_below_wheels(store: Store) -> None:
    wheel = stored(store, demo({"demo.py": b"x = 1\n"}))
    big = CondaPackage("mkl", "2", {"lib/libmkl.so": NOISE})

    found = layers(store, lock_of(store, wheel, big, python(), CondaPackage("libffi", "1")), HERE)

    assert titles(found) == [
        "mkl 2 of conda", "2 small packages of conda", "demo 1.0",
        "Bytecode of 2 small packages of conda", "Bytecode of demo 1.0", "The environment's activation",
    ]  # fmt: skip


def test_a_changed_package_changes_its_own_layer_alone(store: Store) -> None:
    packages = [
        python(),
        *(CondaPackage(name, "1", {f"lib/{name}": NOISE + name.encode()}) for name in "abc"),
    ]
    first = layers(store, lock_of(store, *packages))
    packages[2] = CondaPackage("b", "2", {"lib/b": NOISE + b"changed"})

    second = layers(store, lock_of(store, *packages))

    assert [(layer.created_by, layer.reused) for layer in second] == [
        ("a 1 of conda", True), ("b 2 of conda", False), ("c 1 of conda", True),
        (f"python {HERE.version} of conda", True), ("The environment's activation", True),
    ]  # fmt: skip
    assert [layer.digest for layer in first][0::2] == [layer.digest for layer in second][0::2]


def test_the_same_environment_has_the_same_digests_in_another_store(store: Store, tmp_path: Path) -> None:
    packages = (python(), noarch("cli", {"cli.py": "x = 1\n"}), CondaPackage("mkl", "2", {"lib/mkl": NOISE}))
    other = Store(tmp_path / "other")

    one = layers(store, lock_of(store, *packages), HERE)
    again = layers(other, lock_of(other, *packages), LocalInterpreter())

    assert [layer.digest for layer in one] == [layer.digest for layer in again]


def test_a_second_build_runs_no_interpreter(store: Store) -> None:
    lock = lock_of(store, python(), noarch("cli", {"cli.py": "x = 1\n"}))
    layers(store, lock, HERE)
    idle = LocalInterpreter()

    assert all(layer.reused for layer in layers(store, lock, idle))
    assert not idle.runs


def test_a_file_of_two_packages_is_that_of_the_one_that_needs_the_other(store: Store) -> None:
    events: list[Event] = []
    base = noarch("base", {"shared.py": "x = 'base'\n"})
    upper = noarch("above", {"shared.py": "x = 'above'\n"}, depends=["base"])
    lock = lock_of(store, python(), base, upper)

    found = seldon_layers(lock, TARGET, store, HERE, events.append)

    files = files_of(found or ())
    assert files[f"{SITE}/shared.py"] == b"x = 'above'\n"
    assert b"above" in files[f"{SITE}/__pycache__/shared.{TAG}.pyc"]
    assert [event.message for event in events if event.kind is EventKind.WARNING] == [
        f"{SITE}/shared.py is both in base and above of conda: taking that of above"
    ]


def test_who_loses_a_file_to_another_has_another_layer(store: Store) -> None:
    shared = CondaPackage("a", "1", {"lib/x": NOISE, "lib/y": b""})
    alone = layers(store, lock_of(store, python(), shared))

    both = layers(store, lock_of(store, python(), shared, CondaPackage("b", "1", {"lib/x": NOISE + b"b"})))

    assert f"{DEPENDENCIES}/lib/x" in members(alone[0])
    assert f"{DEPENDENCIES}/lib/x" not in members(both[0])


def test_a_file_cannot_be_the_folder_of_another_package(store: Store) -> None:
    link = CondaPackage("a", "1", {"lib64": CondaFile(link="lib")})

    with pytest.raises(CondaPackageMalformed, match="lib64 would be a file, and a folder of b"):
        layers(store, lock_of(store, python(), link, CondaPackage("b", "1", {"lib64/x": b""})))


def test_a_python_that_is_not_where_cpython_is_refused(store: Store) -> None:
    pypy = CondaPackage("python", HERE.version, {"bin/pypy3": b""}, build="0_73_pypy")

    with pytest.raises(CondaPackageMalformed, match=f"no CPython {MINOR}"):
        layers(store, lock_of(store, pypy))


def compiled(tmp_path: Path, source: str, mtime: int) -> bytes:
    (tmp_path / "m.py").write_text(source)
    os.utime(tmp_path / "m.py", (mtime, mtime))
    py_compile.compile(str(tmp_path / "m.py"), str(tmp_path / "m.pyc"), doraise=True)
    return (tmp_path / "m.pyc").read_bytes()


def with_pyc(source: bytes, pyc: bytes, mtime: int = 7, placeholder: str = "") -> CondaPackage:
    place = f"{LIBRARY}/__pycache__/m.{TAG}.pyc"
    text = CondaFile(source, mtime=mtime, file_mode="text" if placeholder else "", placeholder=placeholder)
    return python({f"{LIBRARY}/m.py": text, place: pyc})


def pyc_in(store: Store, package: CondaPackage) -> bytes:
    found = files_of(layers(store, lock_of(store, package), LocalInterpreter()))
    return found[f"{LIBRARY}/__pycache__/m.{TAG}.pyc"]


def test_bytecode_that_a_package_brings_is_kept_and_believed(store: Store, tmp_path: Path) -> None:
    brought = compiled(tmp_path, "x = 1\n", 7)

    pyc = pyc_in(store, with_pyc(b"x = 1\n", brought))

    assert pyc[16:] == brought[16:]
    assert struct.unpack("<4sIQ", pyc[:16]) == (brought[:4], 1, 0)
    assert isinstance(marshal.loads(pyc[16:]), type(compile("", "", "exec")))


@pytest.mark.parametrize(
    ("source", "mtime"), [(b"x = 2\n", 8), (b"x = 22\n", 7)], ids=["another time", "another size"]
)
def test_bytecode_of_another_source_is_made_anew(
    store: Store, tmp_path: Path, source: bytes, mtime: int
) -> None:
    brought = compiled(tmp_path, "x = 1\n", 7)

    pyc = pyc_in(store, with_pyc(source, brought, mtime))

    namespace: dict[str, int] = {}
    exec(marshal.loads(pyc[16:]), namespace)
    assert namespace["x"] in (2, 22)


def test_bytecode_of_a_source_with_the_prefix_is_made_anew(store: Store, tmp_path: Path) -> None:
    brought = compiled(tmp_path, "x = '/placeholder/of/any/length'\n", 7)
    package = with_pyc(
        b"x = '/placeholder/of/any/length'\n", brought, placeholder="/placeholder/of/any/length"
    )

    assert DEPENDENCIES.encode() in pyc_in(store, package)


@pytest.mark.parametrize("brought", [b"", b"\0" * 15, b"\0" * 99])
def test_damaged_bytecode_is_made_anew(store: Store, brought: bytes) -> None:
    pyc = pyc_in(store, with_pyc(b"x = 1\n", brought))

    assert isinstance(marshal.loads(pyc[16:]), type(compile("", "", "exec")))


def test_without_an_interpreter_there_is_no_bytecode(store: Store, tmp_path: Path) -> None:
    found = layers(store, lock_of(store, with_pyc(b"x = 1\n", compiled(tmp_path, "x = 1\n", 7))))

    assert not [path for path in files_of(found) if path.endswith(".pyc")]


def test_the_environment_can_be_told_by_tools(store: Store) -> None:
    found = files_of(layers(store, lock_of(store, python(), variables=(("A", "1"),))))

    assert found["conda-meta/history"] == b""
    assert found["conda-meta/state"] == b'{"env_vars": {"A": "1"}, "version": 1}'
    assert f"conda-meta/python-{HERE.version}-0.json" in found


def test_packages_may_set_variables(store: Store) -> None:
    package = CondaPackage("a", "1", {"etc/conda/env_vars.d/a.json": b'{"A": "from a", "no name": "x"}'})

    found = files_of(layers(store, lock_of(store, python(), package)))

    assert b"export A='from a'" in found[ACTIVATION]
    assert b"no name" not in found[ACTIVATION]


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff", b"[" * 100_000])
def test_variables_of_garbage_are_refused(store: Store, text: bytes) -> None:
    package = CondaPackage("a", "1", {"etc/conda/env_vars.d/a.json": text})

    with pytest.raises(CondaPackageMalformed, match="holds no variables"):
        layers(store, lock_of(store, python(), package))


def test_variables_that_are_listed_and_not_there_are_refused(store: Store) -> None:
    whole = CondaPackage("a", "1", {"etc/conda/env_vars.d/a.json": b"{}"})
    path = write(
        store.root / "channel",
        replace(whole, files={}, info={"paths.json": whole.metadata["info/paths.json"]}),
    )

    with pytest.raises(CondaPackageMalformed, match="not there"):
        layers(store, lock_of(store, python(), kept(store, path)))


def test_the_scripts_of_packages_are_sourced_in_their_order(store: Store) -> None:
    scripts = {f"etc/conda/activate.d/{name}": b"" for name in ("b.sh", "a.sh", "a.fish", "deep/c.sh")}

    found = files_of(layers(store, lock_of(store, python(), CondaPackage("a", "1", scripts))))

    sourced = [line for line in found[ACTIVATION].decode().splitlines() if line.startswith(". ")]
    assert sourced == [f". {DEPENDENCIES}/etc/conda/activate.d/{name}.sh" for name in "ab"]


def activated(tmp_path: Path, shell: str, script: str, **variables: str) -> dict[str, str]:
    (tmp_path / "a.sh").write_text(script)
    text = activation_script((str(tmp_path / "a.sh"),), {"USUAL": "it's $HOME\n`x`", "TAKEN": "environment"})
    (tmp_path / "activate").write_text(text)
    command = (
        f". {tmp_path}/activate; {sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    )
    done = subprocess.run([shell, "-c", command], env=variables, check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_activation_sets_what_conda_sets(tmp_path: Path, shell: str) -> None:
    found = activated(tmp_path, shell, 'export MINE="$CONDA_PREFIX/x"\nfalse\n', TAKEN="who starts it")

    assert found["CONDA_PREFIX"] == found["CONDA_DEFAULT_ENV"] == DEPENDENCIES
    assert found["CONDA_SHLVL"] == "1"
    assert found["MINE"] == f"{DEPENDENCIES}/x"
    assert found["USUAL"] == "it's $HOME\n`x`"
    assert found["TAKEN"] == "who starts it"


@pytest.mark.parametrize(
    "script", ["if then\n", "no-such-program\n", "return 3\n", "unset NOTHING; cd /nowhere\n"]
)
def test_a_script_that_fails_does_not_keep_the_server_from_starting(tmp_path: Path, script: str) -> None:
    assert activated(tmp_path, "/bin/bash", script)["CONDA_SHLVL"] == "1"


def test_only_conda_has_a_python_of_its_own(store: Store) -> None:
    lock = lock_of(store, python())

    assert lock.own_python is not None
    assert lock.own_python.kind == CONDA


def test_a_chain_of_packages_may_be_longer_than_the_stack() -> None:
    chain = {f"p{number:04}": [f"p{number + 1:04}"] for number in range(3000)}

    assert dependencies_first(chain) == sorted(chain, reverse=True)


def test_packages_that_need_each_other_are_taken_as_they_come() -> None:
    circle = {"a": ["b"], "b": ["c"], "c": ["a", "d"], "d": []}

    assert dependencies_first(circle) == ["d", "c", "b", "a"]
