from __future__ import annotations

import importlib.util
import marshal
import subprocess
import sys
from pathlib import Path

import pytest
from seldon_builder.errors.base import InterpreterFailed
from seldon_builder.errors.layers import BytecodeIncomplete
from seldon_builder.layer import Layer
from seldon_builder.layers.bytecode import bytecode_key, bytecode_layer, is_compiled
from seldon_builder.layers.compiling import COMPILED_AT_MOST, FILES_PER_CHUNK, Compiler
from seldon_builder.store import Store
from seldon_builder.target import Target

from tests.layer_reading import PREFIX, LocalInterpreter, contents, demo, stored, stored_as_named

HERE = LocalInterpreter()
# Answers with bytecode of its own making for the one file that it is given.
FORGERY = """
import struct, sys
said = b"cpython %d.%d.%d" % sys.version_info[:3]
sys.stdout.buffer.write(struct.pack("<II", 0, 6) + b"forged")
sys.stdout.buffer.write(struct.pack("<II", 0xFFFFFFFF, len(said)) + said)
"""
TARGET = Target("amd64", HERE.version, "2.41")
MINOR = TARGET.python
SITE = f"{PREFIX}/lib/python{MINOR}/site-packages"
TAG = f"cpython-{MINOR.replace('.', '')}"


def modules(count: int) -> dict[str, bytes]:
    """Sources that share names and constants, on which marshal's references depend."""
    text = "def f_%d(alpha, beta=None):\n    return alpha in {'a', None}, [alpha, beta, 'common_%d']\n"
    return {f"demo/m{n:03}.py": (text % (n, n % 7)).encode() for n in range(count)}


def compiled(
    tmp_path: Path, *wheels: bytes, processes: int = 2, interpreter: LocalInterpreter | None = None
) -> Layer | None:
    store = Store(tmp_path)
    artifacts = [stored_as_named(store, data) for data in wheels]
    return bytecode_layer(store, artifacts, TARGET, Compiler(interpreter or HERE, processes), "bytecode")


def test_a_pyc_is_what_python_loads_without_looking_at_its_source(tmp_path: Path) -> None:
    layer = compiled(tmp_path, demo({"demo/__init__.py": b"x = 41 + 1\n"}))

    assert layer is not None
    pyc = contents(layer)[f"{SITE}/demo/__pycache__/__init__.{TAG}.pyc"]
    assert pyc[:4] == importlib.util.MAGIC_NUMBER
    assert pyc[4:8] == b"\x01\0\0\0"
    assert pyc[8:16] == importlib.util.source_hash(b"x = 41 + 1\n")
    code = marshal.loads(pyc[16:])
    assert code.co_filename == f"{SITE}/demo/__init__.py"
    names: dict[str, object] = {}
    exec(code, names)
    assert names["x"] == 42


def test_only_what_is_python_and_on_the_path_is_compiled(tmp_path: Path) -> None:
    files = {
        "demo/good.py": b"pass\n",
        "demo/python2.py": b"print 'hello'\n",
        "demo/template.py": b"class {{ name }}:\n",
        "demo/nul.py": b"x = 1\0\n",
        "demo/latin.py": b"x = '\xe9'\n",
        "demo/deep.py": b"x = " + b"-" * 100_000 + b"1\n",
        "demo/data.txt": b"pass\n",
        "demo-1.0.data/data/share/tool.py": b"pass\n",
        "demo-1.0.data/purelib/pure.py": b"pass\n",
    }
    layer = compiled(tmp_path, demo(dict(files)))

    assert layer is not None
    found = {Path(path).name.partition(".")[0] for path in contents(layer)}
    assert found == {"good", "pure"}


def test_neither_the_number_of_processes_nor_the_run_shows(tmp_path: Path) -> None:
    wheel = demo({**modules(3 * FILES_PER_CHUNK + 5)})
    layers = [compiled(tmp_path / str(n), wheel, processes=n) for n in (1, 2, 5)]

    assert layers[0] is not None
    assert layers[0] == layers[1] == layers[2]


def test_a_shared_layer_has_the_same_pyc_as_layers_of_their_own(tmp_path: Path) -> None:
    one, two = demo({**modules(70)}), demo({"other.py": b"NAMES = {'beta'}\n"}, "other")
    alone = [compiled(tmp_path / name, data) for name, data in (("one", one), ("two", two))]

    together = compiled(tmp_path / "both", one, two)

    assert alone[0]
    assert alone[1]
    assert together
    assert contents(together) == {**contents(alone[0]), **contents(alone[1])}


def test_a_new_wheel_in_a_shared_layer_compiles_nothing_else(tmp_path: Path) -> None:
    one, two, three = (demo({f"{name}.py": b"pass\n"}, name) for name in ("one", "two", "three"))
    interpreter = LocalInterpreter()
    compiled(tmp_path, one, two, interpreter=interpreter)

    compiled(tmp_path, one, two, three, interpreter=interpreter)

    assert len(interpreter.runs) == 3


def test_a_wheel_without_python_makes_no_layer_and_is_remembered(tmp_path: Path) -> None:
    interpreter = LocalInterpreter()
    store = Store(tmp_path)
    artifact = stored(store, demo({"demo/data.bin": b"1", "demo/py2.py": b"print 1\n"}))
    compiler = Compiler(interpreter, 2)

    first = bytecode_layer(store, [artifact], TARGET, compiler, "none")
    store.blob(artifact.sha256).path.unlink()
    again = bytecode_layer(store, [artifact], TARGET, compiler, "none")

    assert (first, again, len(interpreter.runs)) == (None, None, 1)
    assert is_compiled(store, [artifact], HERE.version)


def test_what_a_base_of_the_user_s_made_serves_no_other_base(tmp_path: Path) -> None:
    store = Store(tmp_path)
    wheels = [demo({"demo.py": b"pass\n"}), demo({"b.py": b"pass\n"}, "b")]
    artifacts = [stored_as_named(store, data) for data in wheels]
    forger = LocalInterpreter(base="theirs", arguments=("-c", FORGERY))

    forged = bytecode_layer(store, artifacts, TARGET, Compiler(forger, 2), "x")
    honest = bytecode_layer(store, artifacts, TARGET, Compiler(LocalInterpreter(), 2), "x")

    assert forged
    assert honest
    assert b"forged" in contents(forged).values()
    assert b"forged" not in contents(honest).values()


def test_where_bytecode_is_filed_does_not_show_in_its_bytes(tmp_path: Path) -> None:
    wheel = demo({"demo.py": b"pass\n"})

    ours = compiled(tmp_path / "ours", wheel)
    theirs = compiled(tmp_path / "theirs", wheel, interpreter=LocalInterpreter(base="theirs"))

    assert ours == theirs


@pytest.mark.parametrize("version", ["3.11.99", "2.7.18"])
def test_another_python_than_the_labelled_one_is_refused(tmp_path: Path, version: str) -> None:
    labelled = LocalInterpreter(version=version)

    with pytest.raises(InterpreterFailed, match=f"'cpython {HERE.version}'"):
        compiled(tmp_path, demo({"demo.py": b"pass\n"}), interpreter=labelled)
    assert not list((tmp_path / "records").glob("*/*"))


@pytest.mark.parametrize(("surplus", "expected"), [(0, {"demo", "least"}), (1, {"least"})])
def test_a_source_that_nobody_wrote_by_hand_is_left_out(
    tmp_path: Path, surplus: int, expected: set[str]
) -> None:
    size = COMPILED_AT_MOST + surplus
    layer = compiled(tmp_path, demo({"demo.py": b"#".ljust(size, b"x"), "least.py": b"pass\n"}))

    assert layer is not None
    assert {Path(path).name.partition(".")[0] for path in contents(layer)} == expected


def test_a_source_whose_pyc_would_have_too_long_a_name_is_left_out(tmp_path: Path) -> None:
    fits, too_long = "f" * (255 - len(f".{TAG}.pyc")), "t" * (256 - len(f".{TAG}.pyc"))
    layer = compiled(tmp_path, demo({f"{name}.py": b"pass\n" for name in (fits, too_long)}))

    assert layer is not None
    assert [Path(path).name for path in contents(layer)] == [f"{fits}.{TAG}.pyc"]


def test_a_lack_of_memory_ends_the_run(tmp_path: Path) -> None:
    big = b"x = [" + b"[1, 'a'], " * 400_000 + b"]\n"
    needy = LocalInterpreter(memory=str(1 << 28))

    with pytest.raises(subprocess.CalledProcessError):
        compiled(tmp_path, demo({"demo.py": big}), interpreter=needy)
    assert not list((tmp_path / "records").glob("*/*"))


def test_a_source_too_deep_for_the_parser_is_no_lack_of_memory(tmp_path: Path) -> None:
    deep = b"if x: pass\n" + b"elif x: pass\n" * 20_000

    layer = compiled(tmp_path, demo({"deep.py": deep, "good.py": b"pass\n"}))

    assert layer
    assert [Path(path).name.partition(".")[0] for path in contents(layer)] == ["good"]


def test_the_exact_version_of_python_is_part_of_the_key(tmp_path: Path) -> None:
    artifact = stored(Store(tmp_path), demo({}))

    assert bytecode_key([artifact], "3.13.0") != bytecode_key([artifact], "3.13.5")


@pytest.mark.parametrize("code", ["", "import os; os.write(1, b'\\0' * 9)", "import os; os.read(0, 99)"])
def test_an_interpreter_that_breaks_off_leaves_no_layer(tmp_path: Path, code: str) -> None:
    broken = LocalInterpreter(arguments=("-c", code))

    with pytest.raises(BytecodeIncomplete):
        compiled(tmp_path, demo({"demo.py": b"pass\n"}), interpreter=broken)
    assert not list((tmp_path / "records").glob("*/*"))


def test_a_child_that_dies_ends_the_worker(tmp_path: Path) -> None:
    worker = Path(sys.modules[Compiler.__module__].__file__ or "").with_name("bytecode_worker.py").read_text()
    dying = worker.replace("        posix._exit(0)", "        posix.kill(posix.getpid(), 9)")
    assert dying != worker
    job = (1).to_bytes(4, "little") + (13).to_bytes(4, "little")
    job += bytes(4) + (1).to_bytes(4, "little") + bytes(4) + b"a" + bytes(4)

    ended = subprocess.run([sys.executable, "-S", "-c", dying], input=job, capture_output=True, check=False)

    assert ended.returncode == 1
    assert b"ended with status 9" in ended.stderr


OTHERS = sorted(Path(sys.base_prefix).parent.glob("3.1*/bin/python"))


@pytest.mark.parametrize("python", OTHERS, ids=lambda path: path.parts[-3])
def test_every_python_here_makes_the_same_bytes_twice(tmp_path: Path, python: Path) -> None:
    asked = "import sys; print(sys.version.split()[0])"
    found = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
    interpreter = LocalInterpreter(found.stdout.strip(), str(python))
    target = Target("amd64", interpreter.version, "2.41")
    layers = []
    for name in "ab":
        store = Store(tmp_path / name)
        artifact = stored(store, demo({**modules(100)}))
        layers.append(bytecode_layer(store, [artifact], target, Compiler(interpreter, 2), "x"))

    # Python 3.10 orders a set with None by address: such files are left out rather than varied.
    assert layers[0] == layers[1]
    assert (layers[0] is None) == (target.python == "3.10")
