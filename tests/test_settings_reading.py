"""Where a variable may be said, who wins, and what stays secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.errors.source import SettingInvalid
from seldon_builder.events import Event, silent
from seldon_builder.inputs.settings_reading import read_settings, show_settings
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.secret import Secret
from seldon_builder.settings import Settings
from seldon_builder.source import Source

PASSWORD = "hunter2"


def source(folder: Path, environment: str = "", project: str = "") -> Source:
    (folder / "Iris.py").write_text("class Iris: ...\n")
    (folder / ".s2i").mkdir(exist_ok=True)
    (folder / ".s2i/environment").write_text(environment)
    (folder / "project.toml").write_text(project)
    return read_source(folder, silent)


def everywhere(folder: Path, places: int) -> Settings:
    """Say WHO in the ``places`` weakest places."""
    (folder / "platform").mkdir()
    (folder / "platform/WHO").write_text("platform\n")
    (folder / "more.env").write_text("WHO=file\n")
    project = '[[io.buildpacks.build.env]]\nname = "WHO"\nvalue = "project"\n'
    return read_settings(
        source(folder, "WHO=s2i\n" if places > 1 else "", project if places > 2 else ""),
        base={"WHO": "base"} if places > 0 else {},
        platform_env=folder / "platform" if places > 3 else None,
        environment_files=[folder / "more.env"] if places > 4 else [],
        options=["WHO=first", "WHO=option"] if places > 5 else [],
    )


ORDER = [
    ("base", "base image"), ("s2i", ".s2i/environment:1"), ("project", "project.toml"),
    ("platform", "platform env"), ("file", "-E more.env:1"), ("option", "-e"),
]  # fmt: skip


@pytest.mark.parametrize("places", range(1, 7))
def test_the_strongest_place_wins_and_is_named(tmp_path: Path, places: int) -> None:
    found = everywhere(tmp_path, places).find("WHO")

    assert found is not None
    assert (found.value, found.origin) == ORDER[places - 1]


def test_defaults_hold_where_nobody_says_anything(tmp_path: Path) -> None:
    settings = read_settings(source(tmp_path))

    assert settings.image_environment == {
        "PAYLOAD_PASSTHROUGH": "false",
        "PERSISTENCE": "0",
        "SERVICE_TYPE": "MODEL",
    }


def test_of_the_callers_environment_only_build_variables_count(tmp_path: Path) -> None:
    caller = {
        "PIP_INDEX_URL": "https://a/simple",
        "UV_INDEX_STRATEGY": "first-index",
        "CONDA_CHANNELS": "x",
        "https_proxy": "http://p:3128",
        "NO_PROXY": "localhost",
        "EXTRA_INDEX_URL": "https://b",
        "CONDA_PREFIX": "/opt/conda",
        "MODEL_NAME": "Mine",
        "HOME": "/root",
        "DATABASE_URL": f"postgres://me:{PASSWORD}@db",
    }

    settings = read_settings(source(tmp_path), caller=caller)

    assert {item.name for item in settings.items if item.origin == "your environment"} == {
        "PIP_INDEX_URL", "UV_INDEX_STRATEGY", "CONDA_CHANNELS", "https_proxy", "NO_PROXY", "EXTRA_INDEX_URL",
    }  # fmt: skip


def test_build_variables_stay_out_of_the_image(tmp_path: Path) -> None:
    settings = read_settings(source(tmp_path, "PIP_TRUSTED_HOST=a\nHTTP_PROXY=b\nEXTRA_INDEX_URL=c\nOWN=d\n"))

    assert set(settings.image_environment) == {"OWN", "PAYLOAD_PASSTHROUGH", "PERSISTENCE", "SERVICE_TYPE"}


def test_the_callers_variables_are_the_weakest(tmp_path: Path) -> None:
    settings = read_settings(source(tmp_path), caller={"PIP_NO_INDEX": "1"}, base={"PIP_NO_INDEX": "0"})

    assert settings.get("PIP_NO_INDEX") == "0"


def test_a_url_with_a_user_is_a_secret_for_the_build_alone(tmp_path: Path) -> None:
    told: list[Event] = []
    settings = read_settings(
        source(
            tmp_path, f"EXTRA_INDEX_URL=https://me:{PASSWORD}@host/simple\nSTORE=s3://key:{PASSWORD}@host\n"
        ),
        emit=told.append,
    )

    found = settings.find("STORE")
    assert found is not None
    assert found.build_only
    assert isinstance(found.value, Secret)
    assert settings.get("EXTRA_INDEX_URL") == f"https://me:{PASSWORD}@host/simple"
    assert PASSWORD not in show_settings(settings) + repr(settings) + repr(told)
    assert [event.message for event in told] == [
        "STORE (.s2i/environment:2) holds a URL with a user, so it stays out of the image. "
        "Give it when the image runs."
    ]


def test_the_password_of_an_index_is_a_secret(tmp_path: Path) -> None:
    settings = read_settings(source(tmp_path), caller={"UV_INDEX_OWN_PASSWORD": PASSWORD})

    assert PASSWORD not in repr(settings)


def test_a_secret_that_the_user_wants_in_the_image_enters_with_a_warning(tmp_path: Path) -> None:
    told: list[Event] = []
    settings = read_settings(source(tmp_path), options=[f"API_TOKEN={PASSWORD}"], emit=told.append)

    assert settings.image_environment["API_TOKEN"] == PASSWORD
    assert PASSWORD not in show_settings(settings)
    assert [event.message.partition(",")[0] for event in told] == ["API_TOKEN (-e) becomes part of the image"]
    assert PASSWORD not in repr(told)


@pytest.mark.parametrize("name", ["PATH", "CNB_APP_DIR"])
def test_what_the_image_sets_itself_is_ignored_with_a_warning(tmp_path: Path, name: str) -> None:
    told: list[Event] = []

    settings = read_settings(source(tmp_path), options=[f"{name}=x"], base={name: "y"}, emit=told.append)

    assert settings.find(name) is None
    assert len(told) == 1


def test_an_environment_file_is_read_as_s2i_reads_it(tmp_path: Path) -> None:
    text = '\ufeff# a comment\r\n\r\n  SPACED =  a b  \r\nQUOTED="x"\nURL=a=b#c\nEMPTY=\n'

    found = read_settings(source(tmp_path, text)).image_environment

    assert {name: found[name] for name in ("SPACED", "QUOTED", "URL", "EMPTY")} == {
        "SPACED": "a b", "QUOTED": '"x"', "URL": "a=b#c", "EMPTY": "",
    }  # fmt: skip


def test_everything_wrong_is_reported_at_once_and_no_value_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_bytes(b"\xff")

    with pytest.raises(SettingInvalid) as raised:
        read_settings(
            source(tmp_path, f"A=1\nhttps://me:{PASSWORD}@host\nexport B=2\nAPI_TYPE=FBS\n"),
            options=["9=x", f"https://me:{PASSWORD}@host/?a=b"],
            environment_files=[tmp_path / "a.env", tmp_path / "nowhere.env"],
            platform_env=tmp_path / "missing",
        )

    assert raised.value.problems == (
        ".s2i/environment:2: there is no `=`; write KEY=VALUE",
        ".s2i/environment:3: 'export B' cannot be the name of a variable",
        f"platform env {tmp_path}/missing: No such file or directory",
        f"-E a.env {tmp_path}/a.env: is not UTF-8 text",
        f"-E nowhere.env {tmp_path}/nowhere.env: No such file or directory",
        "-e: '9' cannot be the name of a variable",
        "-e: what stands before `=` cannot be the name of a variable",
        ".s2i/environment:4: API_TYPE=FBS is none of REST, GRPC",
    )


@pytest.mark.parametrize("value", ['"MODEL"', "model", ""])
def test_an_unknown_service_type_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingInvalid, match=f"SERVICE_TYPE={value} is none of MODEL, ROUTER"):
        read_settings(source(tmp_path), options=[f"SERVICE_TYPE={value}"])


def test_a_value_with_a_nul_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="NUL"):
        read_settings(source(tmp_path), options=["A=b\0c"])


def test_the_table_fits_100_columns(tmp_path: Path) -> None:
    settings = read_settings(source(tmp_path), options=[f"LONG_{'N' * 60}={'v' * 200}", "LINES=a\nb\tc"])

    table = show_settings(settings)

    assert max(map(len, table.split("\n"))) <= 100
    assert "a\\nb\\tc" in table
