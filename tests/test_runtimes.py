"""Which of the server's runtimes an image gets, wherever that is said, and where they listen."""

from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder import runtimes
from seldon_builder.cli import parser
from seldon_builder.cli.asking import order_from
from seldon_builder.cli.caller import Caller
from seldon_builder.errors.source import SettingInvalid
from seldon_builder.events import Event, silent
from seldon_builder.inputs.settings_reading import read_settings
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.settings import Setting, Settings
from seldon_runtime import hookspecs, plugins
from seldon_runtime.errors import RuntimeUnavailable
from seldon_runtime.errors import SettingInvalid as VariableInvalid
from seldon_runtime.rest.plugin import load
from seldon_runtime.runtime import Port, Role, Runtime


def settings(folder: Path, *options: str, environment: str = "", project: str = "", e: str = "") -> Settings:
    """Read what the command line and the files say."""
    (folder / "Iris.py").write_text("class Iris: ...\n")
    (folder / ".s2i").mkdir(exist_ok=True)
    (folder / ".s2i/environment").write_text(environment)
    (folder / "project.toml").write_text(project)
    command = ["build", str(folder), "iris", "--output=oci:x", *options]
    order = order_from(parser(["build"]).parse_args(command), Caller({}, folder, terminal=False))
    asked = order.asked
    given = [*asked.options, *([e] if e else [])]
    return read_settings(read_source(folder, silent), options=given, runtimes=asked.runtimes)


def test_without_a_choice_an_image_holds_what_every_runtime_needs(tmp_path: Path) -> None:
    found = settings(tmp_path)

    assert found.find(runtimes.SLIMMED) is None
    assert runtimes.requirements(found) == plugins.requirements()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--runtime", "rest"], {}),
        (["--runtime=REST"], {}),
        (["--runtime", "rest,rest", "--runtime", "rest"], {}),
        ([], {"environment": "SELDON_RUNTIMES=rest\n"}),
        ([], {"project": '[io.seldon]\nruntimes = ["rest"]\n'}),
        ([], {"e": "SELDON_RUNTIMES= rest "}),
        (["--runtime", "rest"], {"environment": "SELDON_RUNTIMES=persistence\n"}),
    ],
)
def test_wherever_it_is_said_the_image_gets_the_same(
    tmp_path: Path, options: list[str], said: dict[str, str]
) -> None:
    found = settings(tmp_path, *options, **said)

    names = found.image_environment["SELDON_RUNTIMES"].split(",")
    assert "rest" in names
    assert names == sorted(names)
    assert runtimes.requirements(found) == plugins.requirements(["rest"])
    assert set(runtimes.requirements(found)) < set(plugins.requirements())


def test_an_empty_choice_takes_back_what_the_folder_says(tmp_path: Path) -> None:
    found = settings(tmp_path, "--runtime", "", environment="SELDON_RUNTIMES=rest\n")

    assert runtimes.requirements(found) == plugins.requirements()


def test_a_name_that_no_runtime_has_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid) as caught:
        settings(tmp_path, "--runtime", "rest,fbs,soap")

    (problem,) = caught.value.problems
    assert problem.startswith("--runtime: there is no runtime fbs, soap; the runtimes are ")
    assert all(name in problem for name in plugins.BUILT_INS)


class Invented:
    """Runtimes that need this and that."""

    ALL = (
        Runtime("front", ("a>=1", "b>=2"), (Port("a", 1, "A"),), load),
        Runtime("same", ("a>=1",), (Port("b", 2, "B"),), load),
        Runtime("free", ("b>=2",), (), load, role=Role.COMPANION),
        Runtime("nothing", (), (), load, active=False, role=Role.CODEC),
        Runtime("dear", ("c>=3",), (), load, active=False, role=Role.PROCESS),
    )

    @staticmethod
    def plugin(runtime: Runtime) -> object:
        class Plugin:
            @hookspecs.hookimpl
            def seldon_runtime(self) -> Runtime:
                return runtime

        return Plugin()


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "BUILT_INS", {one.name: Invented.plugin(one) for one in Invented.ALL})


@pytest.mark.usefixtures("invented")
@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ("", ""),
        ("front", "free,front,nothing"),
        ("same", "nothing,same"),
        ("same,dear", "dear,nothing,same"),
    ],
)
def test_what_needs_nothing_more_comes_along_unless_it_opens_a_port_to_the_model(
    asked: str, chosen: str
) -> None:
    assert runtimes.chosen(asked) == chosen


def test_settings_that_ask_for_what_is_left_out_are_refused_by_the_build() -> None:
    with pytest.raises(RuntimeUnavailable, match="persistence") as caught:
        runtimes.refuse_contradiction({"SELDON_RUNTIMES": "rest", "PERSISTENCE": "1"})

    assert "--runtime persistence,rest" in caught.value.hint


def test_settings_that_ask_for_what_is_there_are_not() -> None:
    runtimes.refuse_contradiction({"SELDON_RUNTIMES": "rest", "PERSISTENCE": "0", "API_TYPE": "REST"})
    runtimes.refuse_contradiction({"PERSISTENCE": "1"})


def numbers(**variables: str) -> dict[str, int]:
    return {port.name: port.number for port in runtimes.ports(variables)}


def test_the_images_own_variables_move_its_ports() -> None:
    assert numbers(API_TYPE="REST")["http"] == 9000
    assert numbers(PREDICTIVE_UNIT_HTTP_SERVICE_PORT="8080")["http"] == 8080
    assert numbers(PREDICTIVE_UNIT_SERVICE_PORT="8080")["http"] == 8080


def test_what_is_no_port_is_refused_by_the_build() -> None:
    with pytest.raises(VariableInvalid, match="PREDICTIVE_UNIT_HTTP_SERVICE_PORT"):
        numbers(PREDICTIVE_UNIT_HTTP_SERVICE_PORT="http")


@pytest.mark.usefixtures("invented")
def test_only_what_serves_listens() -> None:
    assert numbers() == {"a": 1, "b": 2}
    assert numbers(SELDON_RUNTIMES="front") == {"a": 1}


@pytest.mark.parametrize(
    ("api_type", "told"),
    [
        ("REST", ["gRPC is left out: API_TYPE=REST (.s2i/environment:2)"]),
        ("GRPC", ["REST is left out: API_TYPE=GRPC (.s2i/environment:2)"]),
        ("", []),
    ],
)
def test_a_protocol_that_is_left_out_is_told(api_type: str, told: list[str]) -> None:
    heard: list[Event] = []
    runtimes.tell_left_out(Settings((Setting("API_TYPE", api_type, ".s2i/environment:2"),)), heard.append)

    assert [event.message for event in heard] == told
