"""Which plugins are loaded, in which order, and what a bad one leads to."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import seldon_builder
from seldon_builder.dependencies.detecting import detected
from seldon_builder.errors.plugins import PluginBroken, PluginInvalid
from seldon_builder.events import silent
from seldon_builder.plugins import load_plugins, loaded
from seldon_builder.settings import Settings
from seldon_builder.source import Source

Install = Callable[[str], None]
ROOT = Path(__file__).parents[1]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a distribution with one plugin, as its metadata and module would lie on the path."""

    def write(code: str) -> None:
        about = tmp_path / "others_plugin-1.2.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: others-plugin\nVersion: 1.2\n")
        (about / "entry_points.txt").write_text("[seldon]\nothers = others_plugin_module\n")
        (tmp_path / "others_plugin_module.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "others_plugin_module", raising=False)

    return write


FAILING = """
from seldon_builder import SeldonError, hookimpl

class PinsBroken(SeldonError):
    exit_code = 117

@hookimpl
def seldon_detect(source):
    raise PinsBroken("pins.json cannot be read.", hint="mend it")
"""


def test_an_error_of_a_plugin_ends_the_command_as_ours_do(install: Install, tmp_path: Path) -> None:
    install(FAILING)
    model = tmp_path / "model"
    model.mkdir()
    (model / "Model.py").write_text("class Model:\n    def predict(self, X): ...\n")
    command = [sys.executable, "-m", "seldon_builder", "build", str(model), "model:1"]

    ended = subprocess.run(
        [*command, "--output", f"oci:{tmp_path / 'layout'}", "--store", str(tmp_path / "store")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )

    assert (ended.returncode, ended.stdout) == (117, "")
    assert "error: pins.json cannot be read.\n  hint: mend it\n" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_every_public_name_is_documented() -> None:
    page = (ROOT / "docs" / "hooks.md").read_text()
    table = page.partition("## What a plugin may import")[2].partition("\nAll other modules")[0]

    listed = re.findall(r"`(\w+)`", table.partition("|---|---|")[2])
    assert sorted(listed) == sorted(seldon_builder.__all__)


def test_the_example_needs_only_public_names() -> None:
    code = (ROOT / "examples" / "plugin-pins-json" / "seldon_pins_json.py").read_text()
    imports = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]

    used = {
        (node.module, name.name) for node in imports for name in node.names if "seldon" in str(node.module)
    }
    assert used <= {("seldon_builder", name) for name in seldon_builder.__all__}


HOOK = "from seldon_builder import Detection, hookimpl\n\n@hookimpl\n"


def test_a_third_party_is_asked_before_us(install: Install, tmp_path: Path) -> None:
    install(HOOK + "def seldon_detect(source):\n    return Detection('others', (), 'always')\n")

    found = detected(load_plugins().hook, Source(tmp_path, ()), Settings(), silent)

    assert found
    assert found.resolver == "others"


def test_the_list_says_where_a_plugin_is_from(install: Install) -> None:
    install(HOOK + "def seldon_detect(source):\n    return None\n")

    (other,) = [plugin for plugin in loaded(load_plugins()) if plugin.name == "others"]

    assert (other.distribution, other.version, other.hooks) == ("others-plugin", "1.2", ("seldon_detect",))


def test_a_misspelt_hook_is_an_error_at_start(install: Install) -> None:
    install(HOOK + "def seldon_detekt(source):\n    return None\n")

    with pytest.raises(PluginInvalid, match="seldon_detekt"):
        load_plugins()


def test_an_argument_that_a_hook_does_not_offer_is_an_error_at_start(install: Install) -> None:
    install(HOOK + "def seldon_detect(weather):\n    return None\n")

    with pytest.raises(PluginInvalid, match="weather"):
        load_plugins()


def test_a_plugin_that_cannot_be_imported_is_named(install: Install) -> None:
    install("import no_such_module_at_all\n")

    with pytest.raises(PluginBroken, match="others-plugin"):
        load_plugins()
