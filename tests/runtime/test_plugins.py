"""Which runtimes there are, and what they need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pluggy
import pytest
from seldon_runtime import hookspecs, plugins
from seldon_runtime.errors import RuntimeUnavailable
from seldon_runtime.rest import plugin as rest_plugin
from seldon_runtime.runtime import Runtime

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("api_type", ["", "REST", "rest"])
def test_rest_is_served_unless_another_protocol_alone_is_asked_for(api_type: str) -> None:
    names = [runtime.name for runtime in plugins.runtimes(plugins.plugins(), {"API_TYPE": api_type})]

    assert names == ["rest"]


def test_a_protocol_that_no_runtime_serves_is_refused() -> None:
    with pytest.raises(RuntimeUnavailable, match="GRPC"):
        plugins.runtimes(plugins.plugins(), {"API_TYPE": "GRPC"})


def test_a_runtime_of_somebody_else_joins() -> None:
    class Theirs:
        @hookspecs.hookimpl
        def seldon_runtime(self) -> Runtime:
            return Runtime("carrier-pigeon", ("pigeon>=1",), (), rest_plugin.load)

    manager = plugins.plugins()
    manager.register(Theirs())

    assert [runtime.name for runtime in plugins.runtimes(manager, {})] == ["carrier-pigeon", "rest"]


def test_a_runtime_of_another_distribution_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pigeon_runtime.py").write_text(
        "from seldon_runtime.hookspecs import hookimpl\n"
        "from seldon_runtime.runtime import Runtime\n"
        "@hookimpl\n"
        "def seldon_runtime(settings):\n"
        "    return Runtime('pigeon', ('pigeon>=1',), (), print, active='PIGEON' in settings)\n"
    )
    info = tmp_path / "pigeon-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[console_scripts]\na = b:c\n\n[seldon_runtime]\npigeon = pigeon_runtime\n\n[other]\nx = y\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert [one.name for one in plugins.runtimes(plugins.plugins(), {})] == ["rest"]
    assert [one.name for one in plugins.runtimes(plugins.plugins(), {"PIGEON": "1"})] == ["pigeon", "rest"]
    assert plugins.requirements() == plugins.requirements(["rest"]), "it is beside the builder, not in images"


def test_a_misspelt_hook_is_an_error_at_start() -> None:
    class Theirs:
        @hookspecs.hookimpl
        def seldon_runtimes(self) -> None: ...

    manager = plugins.plugins()
    manager.register(Theirs())

    with pytest.raises(pluggy.PluginValidationError, match="seldon_runtimes"):
        manager.check_pending()


def test_the_distribution_of_the_runtime_needs_what_the_runtimes_need() -> None:
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "runtimes" / "pyproject.toml").read_text())["project"]

    assert tuple(project["dependencies"]) == plugins.requirements()
    assert project["entry-points"]["seldon_runtime"] == {
        name: module.__name__ for name, module in plugins.BUILT_INS.items()
    }


def test_a_build_learns_the_requirements_without_importing_them() -> None:
    code = "import sys; from seldon_runtime.plugins import requirements; requirements(); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"numpy", "orjson", "uvicorn", "asyncio", "importlib.metadata"} & set(told.stdout.split())
