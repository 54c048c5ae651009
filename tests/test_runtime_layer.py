from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import seldon_runtime
from seldon_builder.layers.runtime_layer import runtime_layer
from seldon_builder.prefix import RUNTIME
from seldon_builder.store import Store

from tests.layer_reading import LocalInterpreter, contents, unpack

SOURCE = Path(seldon_runtime.__file__).parent


def test_the_layer_holds_the_installed_files_and_no_more(tmp_path: Path) -> None:
    found = contents(runtime_layer(Store(tmp_path), None))

    package = f"{RUNTIME}/seldon_runtime/"
    ours = {path.removeprefix(package): data for path, data in found.items() if path.startswith(package)}
    files = {path.relative_to(SOURCE) for path in SOURCE.rglob("*") if path.is_file()}
    expected = {str(path) for path in files if "__pycache__" not in path.parts}
    assert set(ours) == expected
    assert ours["__init__.py"] == (SOURCE / "__init__.py").read_bytes()


def test_other_programs_find_the_distribution_and_its_plugins(tmp_path: Path) -> None:
    unpack([runtime_layer(Store(tmp_path / "store"), None)], tmp_path / "root")
    look = (
        "import importlib.metadata as m; d = m.distribution('seldon-python-runtime');"
        "print(d.version, [p.value for p in d.entry_points if p.group == 'seldon_runtime'])"
    )
    path = str(tmp_path / f"root{RUNTIME}")
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {path!r}); {look}"]

    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert found == f"{seldon_runtime.__version__} ['seldon_runtime.rest_plugin']\n"


def test_bytecode_of_every_module_comes_with_an_interpreter(tmp_path: Path) -> None:
    interpreter = LocalInterpreter()
    layer = runtime_layer(Store(tmp_path), interpreter)

    found = contents(layer)
    sources = [path for path in found if path.endswith(".py")]
    compiled = [path for path in found if path.endswith(".pyc")]
    assert len(compiled) == len(sources) > 10
    assert (
        f"{RUNTIME}/seldon_runtime/__pycache__/rest.cpython-{sys.version_info[0]}{sys.version_info[1]}.pyc"
        in compiled
    )


def test_a_warm_layer_starts_no_interpreter(tmp_path: Path) -> None:
    interpreter, store = LocalInterpreter(), Store(tmp_path)
    first = runtime_layer(store, interpreter)

    again = runtime_layer(store, interpreter)

    assert (again, again.reused, len(interpreter.runs)) == (first, True, 1)
    assert runtime_layer(store, None).digest != first.digest
