from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import seldon_runtime
from seldon_builder.layers.runtime_layer import runtime_layer
from seldon_builder.prefix import RUNTIME
from seldon_builder.store import Store
from seldon_runtime.plugins import BUILT_INS

from tests.layer_reading import LocalInterpreter, contents, unpack

SOURCE = Path(seldon_runtime.__file__).parent


def test_the_layer_holds_the_installed_files_and_no_more(tmp_path: Path) -> None:
    found = contents(runtime_layer(Store(tmp_path), None))

    package = f"{RUNTIME}/seldon_runtime/"
    ours = {path.removeprefix(package): data for path, data in found.items() if path.startswith(package)}
    expected = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py")}
    assert set(ours) == {*expected, "py.typed"}
    assert ours["__init__.py"] == (SOURCE / "__init__.py").read_bytes()


def test_what_lies_about_in_the_package_stays_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = runtime_layer(Store(tmp_path / "store"), None)
    copy = tmp_path / "seldon_runtime"
    shutil.copytree(SOURCE, copy)
    for name in ("rest.py.orig", ".rest.py.swp", "notes.txt", "rest.pyo"):
        (copy / name).write_text("stray")
    monkeypatch.setattr(seldon_runtime, "__file__", str(copy / "__init__.py"))

    assert runtime_layer(Store(tmp_path / "other"), None).digest == plain.digest


def test_the_layer_does_not_depend_on_how_the_builder_was_installed(tmp_path: Path) -> None:
    plain = runtime_layer(Store(tmp_path / "store"), None)
    code = (
        "from pathlib import Path; from seldon_builder.layers.runtime_layer import runtime_layer;"
        "from seldon_builder.store import Store;"
        f"print(runtime_layer(Store(Path({str(tmp_path)!r})), None).digest)"
    )
    # A path without any metadata of ours: the packages alone, and what they import.
    bare = tmp_path / "bare"
    bare.mkdir()
    for module in ("seldon_builder", "seldon_runtime", "pluggy", "deflate"):
        found = importlib.import_module(module).__file__
        assert found
        place = Path(found) if Path(found).stem != "__init__" else Path(found).parent
        (bare / place.name).symlink_to(place)

    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(bare)!r}); {code}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)

    assert told.stdout.strip() == str(plain.digest)


def test_other_programs_find_the_distribution_and_its_plugins(tmp_path: Path) -> None:
    unpack([runtime_layer(Store(tmp_path / "store"), None)], tmp_path / "root")
    look = (
        "import importlib.metadata as m; d = m.distribution('seldon-python-runtime');"
        "print(d.version, [p.value for p in d.entry_points if p.group == 'seldon_runtime'])"
    )
    path = str(tmp_path / f"root{RUNTIME}")
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {path!r}); {look}"]

    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    ours = [module.__name__ for _, module in sorted(BUILT_INS.items())]
    assert found == f"{seldon_runtime.__version__} {ours}\n"


def test_bytecode_of_every_module_comes_with_an_interpreter(tmp_path: Path) -> None:
    interpreter = LocalInterpreter()
    layer = runtime_layer(Store(tmp_path), interpreter)

    found = contents(layer)
    sources = [path for path in found if path.endswith(".py")]
    compiled = [path for path in found if path.endswith(".pyc")]
    assert len(compiled) == len(sources) > 10
    tag = sys.implementation.cache_tag
    assert f"{RUNTIME}/seldon_runtime/rest/__pycache__/app.{tag}.pyc" in compiled


def test_a_warm_layer_starts_no_interpreter(tmp_path: Path) -> None:
    interpreter, store = LocalInterpreter(), Store(tmp_path)
    first = runtime_layer(store, interpreter)

    again = runtime_layer(store, interpreter)

    assert (again, again.reused, len(interpreter.runs)) == (first, True, 1)
    assert runtime_layer(store, None).digest != first.digest
