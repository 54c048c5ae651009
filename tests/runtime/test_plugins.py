"""Which runtimes there are, and what they need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pluggy
import pytest
from seldon_runtime import hookspecs, plugins
from seldon_runtime.errors import RuntimesClash, RuntimeUnavailable
from seldon_runtime.rest import plugin as rest_plugin
from seldon_runtime.runtime import Role, Runtime

ROOT = Path(__file__).parents[2]


BOTH = ["grpc", "metrics", "rest"]


def chosen(**variables: str) -> list[str]:
    return [runtime.name for runtime in plugins.runtimes(plugins.plugins(), variables)]


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({}, BOTH),
        ({"API_TYPE": ""}, BOTH),
        ({"API_TYPE": "REST"}, ["metrics", "rest"]),
        ({"API_TYPE": "grpc"}, ["grpc", "metrics"]),
        ({"SELDON_METRICS": "0"}, ["grpc", "rest"]),
        ({"GRPC_WORKERS": "0"}, ["metrics", "rest"]),
        ({"GUNICORN_WORKERS": "0"}, ["grpc", "metrics"]),
        ({"GUNICORN_WORKERS": "1", "GUNICORN_THREADS": "4"}, BOTH),
        ({"GUNICORN_WORKERS": "2"}, ["grpc", "gunicorn", "metrics", "rest"]),
        ({"PAYLOAD_PASSTHROUGH": "true"}, ["grpc", "metrics", "passthrough", "rest"]),
        ({"PAYLOAD_PASSTHROUGH": "false", "PERSISTENCE": "0"}, BOTH),
        ({"PERSISTENCE": "1"}, ["grpc", "metrics", "persistence", "rest"]),
    ],
)
def test_the_variables_choose_what_serves_and_it_combines(
    variables: dict[str, str], names: list[str]
) -> None:
    assert chosen(**variables) == names


@pytest.mark.parametrize("variables", [{"API_TYPE": "FBS"}, {"GRPC_WORKERS": "0", "GUNICORN_WORKERS": "0"}])
def test_variables_that_leave_nothing_to_answer_are_refused_and_named(variables: dict[str, str]) -> None:
    with pytest.raises(RuntimeUnavailable, match="no runtime that answers requests") as caught:
        chosen(PERSISTENCE="0", **variables)

    assert f"({', '.join(f'{name}={value}' for name, value in variables.items())})" in str(caught.value)


def test_a_slim_image_serves_what_it_has_by_default() -> None:
    assert "grpc" not in chosen(SELDON_RUNTIMES="rest")


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        ({"API_TYPE": "GRPC"}, "grpc"),
        ({"GUNICORN_WORKERS": "2"}, "gunicorn"),
        ({"PERSISTENCE": "1"}, "persistence"),
    ],
)
def test_a_slim_image_that_is_asked_for_more_names_the_option(
    variables: dict[str, str], missing: str
) -> None:
    with pytest.raises(RuntimeUnavailable, match=f"--runtime .*{missing}"):
        chosen(SELDON_RUNTIMES="rest", **variables)


def test_a_runtime_of_somebody_else_joins() -> None:
    class Theirs:
        @hookspecs.hookimpl
        def seldon_runtime(self) -> Runtime:
            return Runtime("carrier-pigeon", ("pigeon>=1",), (), rest_plugin.load)

    manager = plugins.plugins()
    manager.register(Theirs())

    assert [runtime.name for runtime in plugins.runtimes(manager, {})] == ["carrier-pigeon", *BOTH]


def test_two_of_which_there_can_be_one_are_refused() -> None:
    class Theirs:
        @hookspecs.hookimpl
        def seldon_runtime(self) -> Runtime:
            return Runtime("avro", (), (), rest_plugin.load, role=Role.CODEC)

    manager = plugins.plugins()
    manager.register(Theirs())

    assert "avro" in [runtime.name for runtime in plugins.runtimes(manager, {})]
    with pytest.raises(RuntimesClash, match="avro and passthrough are both active"):
        plugins.runtimes(manager, {"PAYLOAD_PASSTHROUGH": "1"})


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

    assert chosen() == BOTH
    assert chosen(PIGEON="1") == ["grpc", "metrics", "pigeon", "rest"]
    assert not any("pigeon" in line for line in plugins.requirements()), "it is beside the builder"


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
