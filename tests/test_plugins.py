"""Which plugins are loaded, in which order, and what a bad one leads to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from seldon_builder.dependencies.resolution import detected
from seldon_builder.errors.plugins import PluginBroken, PluginInvalid
from seldon_builder.events import silent
from seldon_builder.plugins import load_plugins, loaded
from seldon_builder.settings import Settings
from seldon_builder.source import Source

Install = Callable[[str], None]


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
