"""The variables of an image, read and refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from seldon_runtime.component.parameters import parameters_from
from seldon_runtime.errors import ModelNameInvalid, ParametersInvalid, SeldonError, SettingInvalid
from seldon_runtime.settings import settings_from

HERE = Path("/workspace")


def test_the_defaults_are_those_of_the_operator() -> None:
    settings = settings_from({"MODEL_NAME": "Iris"}, HERE)

    assert (settings.http_port, settings.threads, settings.grace, settings.log_level) == (
        9000,
        1,
        20.0,
        "INFO",
    )


@pytest.mark.parametrize(
    ("variables", "port"),
    [
        ({"PREDICTIVE_UNIT_SERVICE_PORT": "8000"}, 8000),
        ({"PREDICTIVE_UNIT_SERVICE_PORT": "8000", "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": "8001"}, 8001),
        ({"PREDICTIVE_UNIT_HTTP_SERVICE_PORT": ""}, 9000),
    ],
)
def test_the_port_follows_the_operators_variables(variables: dict[str, str], port: int) -> None:
    assert settings_from({"MODEL_NAME": "Iris", **variables}, HERE).http_port == port


@pytest.mark.parametrize("level", ["debug", "DEBUG", " Debug "])
def test_the_log_level_may_be_written_in_any_case(level: str) -> None:
    assert settings_from({"MODEL_NAME": "Iris", "SELDON_LOG_LEVEL": level}, HERE).log_level == "DEBUG"


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("MODEL_NAME", "", ModelNameInvalid),
        ("MODEL_NAME", "my-model", ModelNameInvalid),
        ("MODEL_NAME", "models/Iris.py", ModelNameInvalid),
        ("MODEL_NAME", ".Iris", ModelNameInvalid),
        ("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "many", SettingInvalid),
        ("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "70000", SettingInvalid),
        ("GUNICORN_THREADS", "0", SettingInvalid),
        ("SELDON_GRACE_SECONDS", "nan", SettingInvalid),
        ("SELDON_GRACE_SECONDS", "-1", SettingInvalid),
        ("SELDON_LOG_LEVEL", "loud", SettingInvalid),
        ("SELDON_MAX_BODY_BYTES", "0", SettingInvalid),
        ("SELDON_MAX_BODY_BYTES", "1 MB", SettingInvalid),
        ("PREDICTIVE_UNIT_PARAMETERS", "{", ParametersInvalid),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(
    name: str, value: str, error: type[SeldonError]
) -> None:
    with pytest.raises(error, match=name):
        settings_from({"MODEL_NAME": "Iris", name: value}, HERE)


def test_parameters_have_the_types_that_they_name() -> None:
    text = """[
        {"name": "i", "value": "3", "type": "INT"}, {"name": "f", "value": "0.5", "type": "FLOAT"},
        {"name": "d", "value": "1", "type": "DOUBLE"}, {"name": "s", "value": "x", "type": "STRING"},
        {"name": "b", "value": "true", "type": "BOOL"}, {"name": "n", "value": "0", "type": "BOOL"}
    ]"""

    assert parameters_from(text) == {"i": 3, "f": 0.5, "d": 1.0, "s": "x", "b": True, "n": False}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[", "not JSON"),
        ("{}", "not a list"),
        ('[{"name": "a"}]', "lacks one of"),
        ("[1]", "lacks one of"),
        ('[{"name": "a", "value": "x", "type": "INT"}]', "a is 'x', which is no INT"),
        ('[{"name": "a", "value": "maybe", "type": "BOOL"}]', "a is 'maybe'"),
        ('[{"name": "a", "value": null, "type": "FLOAT"}]', "which is no FLOAT"),
        ('[{"name": "a", "value": "x", "type": "LIST"}]', "unknown type 'LIST'"),
    ],
)
def test_parameters_that_cannot_be_read_say_which(text: str, complaint: str) -> None:
    with pytest.raises(ParametersInvalid, match=complaint):
        parameters_from(text)
