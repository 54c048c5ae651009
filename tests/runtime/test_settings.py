"""The variables of an image, read and refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from seldon_runtime.component.parameters import parameters_from
from seldon_runtime.component.unit import Unit
from seldon_runtime.errors import ModelNameInvalid, ParametersInvalid, SeldonError, SettingInvalid
from seldon_runtime.runtime import Port
from seldon_runtime.settings import EVERY_METHOD, METHODS_OF_TYPE, ServerSettings, settings_from

HERE = Path("/workspace")
PORT = Port("http", 9000, "PREDICTIVE_UNIT_HTTP_SERVICE_PORT")


def read(**variables: str) -> ServerSettings:
    return settings_from({"MODEL_NAME": "Iris", **variables}, HERE)


def test_nothing_but_the_models_name_must_be_said() -> None:
    assert read() == ServerSettings("Iris", HERE, unit=Unit(name="Iris", variables={"MODEL_NAME": "Iris"}))


@pytest.mark.parametrize(
    ("name", "value", "field", "wanted"),
    [
        ("MODEL_NAME", " package.Iris ", "model_name", "package.Iris"),
        ("GUNICORN_THREADS", "4", "threads", 4),
        ("GUNICORN_THREADS", " 4 ", "threads", 4),
        ("GUNICORN_THREADS", "", "threads", 1),
        ("SELDON_INLINE", "1", "inline", True),
        ("SELDON_MAX_WAITING", "1", "most_waiting", 1),
        ("SELDON_TIMEOUT_SECONDS", "0.5", "timeout", 0.5),
        ("SELDON_TIMEOUT_SECONDS", "0", "timeout", 0.0),
        ("SELDON_GRACE_SECONDS", "0", "grace", 0.0),
        ("SELDON_GRACE_SECONDS", "86400", "grace", 86400.0),
        ("SELDON_MAX_BODY_BYTES", "1", "largest_body", 1),
        ("SELDON_LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("SELDON_LOG_LEVEL", "DEBUG", "log_level", "DEBUG"),
        ("SELDON_LOG_LEVEL", " Debug ", "log_level", "DEBUG"),
        ("SELDON_LOG_FORMAT", "json", "log_json", True),
        ("SELDON_LOG_FORMAT", "text", "log_json", False),
        ("GUNICORN_ACCESS_LOG", "true", "access_log", True),
    ],
)
def test_a_variable_sets_what_it_names(name: str, value: str, field: str, wanted: object) -> None:
    assert getattr(read(**{name: value}), field) == wanted


def test_flasks_single_thread_wins() -> None:
    assert read(FLASK_SINGLE_THREADED="1", GUNICORN_THREADS="4").threads == 1


@pytest.mark.parametrize("value", ["1", "true", "T", "Yes", "y", "ON"])
def test_yes_is_said_in_many_ways(value: str) -> None:
    assert read(SELDON_INLINE=value).inline


@pytest.mark.parametrize("value", ["0", "false", "F", "No", "n", "off", "", " "])
def test_no_is_said_in_many_ways(value: str) -> None:
    assert not read(SELDON_INLINE=value).inline


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("MODEL_NAME", "", ModelNameInvalid),
        ("MODEL_NAME", "my-model", ModelNameInvalid),
        ("MODEL_NAME", "models/Iris.py", ModelNameInvalid),
        ("MODEL_NAME", ".Iris", ModelNameInvalid),
        ("GUNICORN_THREADS", "0", SettingInvalid),
        ("GUNICORN_THREADS", "2000", SettingInvalid),
        ("GUNICORN_THREADS", "two", SettingInvalid),
        ("GUNICORN_THREADS", "1.5", SettingInvalid),
        ("FLASK_SINGLE_THREADED", "maybe", SettingInvalid),
        ("SELDON_INLINE", "2", SettingInvalid),
        ("SELDON_MAX_WAITING", "0", SettingInvalid),
        ("SELDON_TIMEOUT_SECONDS", "-1", SettingInvalid),
        ("SELDON_TIMEOUT_SECONDS", "soon", SettingInvalid),
        ("SELDON_GRACE_SECONDS", "nan", SettingInvalid),
        ("SELDON_GRACE_SECONDS", "inf", SettingInvalid),
        ("SELDON_GRACE_SECONDS", "-1", SettingInvalid),
        ("SELDON_LOG_LEVEL", "loud", SettingInvalid),
        ("SELDON_LOG_FORMAT", "xml", SettingInvalid),
        ("SELDON_MAX_BODY_BYTES", "0", SettingInvalid),
        ("SELDON_MAX_BODY_BYTES", "1 MB", SettingInvalid),
        ("SELDON_MAX_BODY_BYTES", "9" * 5000, SettingInvalid),
        ("GUNICORN_ACCESS_LOG", "-", SettingInvalid),
        ("SELDON_STRICT_SERVICE_TYPE", "very", SettingInvalid),
        ("INCLUDE_METRICS_IN_CLIENT_RESPONSE", "some", SettingInvalid),
        ("SELDON_EXECUTOR_ENABLED", "some", SettingInvalid),
        ("PREDICTIVE_UNIT_PARAMETERS", "{", ParametersInvalid),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(
    name: str, value: str, error: type[SeldonError]
) -> None:
    with pytest.raises(error, match=name) as caught:
        read(**{name: value})
    assert caught.value.hint


# Ports


@pytest.mark.parametrize(("value", "number"), [("8001", 8001), ("", 9000), ("0", 0), ("65535", 65535)])
def test_a_port_lies_where_its_variable_says(value: str, number: int) -> None:
    assert PORT.number_by({PORT.variable: value}) == number


@pytest.mark.parametrize(("newer", "number"), [("", 8002), ("8001", 8001)])
def test_the_older_variable_of_a_port_counts_where_the_newer_is_unset(newer: str, number: int) -> None:
    assert replace(PORT, older="OLDER").number_by({"OLDER": "8002", PORT.variable: newer}) == number


@pytest.mark.parametrize("value", ["many", "70000", "-1"])
def test_a_port_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingInvalid, match="PREDICTIVE_UNIT_HTTP_SERVICE_PORT"):
        PORT.number_by({PORT.variable: value})


# Service types


@pytest.mark.parametrize("kind", [*METHODS_OF_TYPE, "model", "", "ANYTHING"])
def test_by_default_a_type_takes_nothing_away(kind: str) -> None:
    assert read(SERVICE_TYPE=kind).methods == EVERY_METHOD


@pytest.mark.parametrize("kind", METHODS_OF_TYPE)
def test_a_strict_type_leaves_only_its_methods(kind: str) -> None:
    assert read(SERVICE_TYPE=kind.lower(), SELDON_STRICT_SERVICE_TYPE="1").methods == METHODS_OF_TYPE[kind]


def test_strict_without_a_type_is_a_model() -> None:
    assert read(SELDON_STRICT_SERVICE_TYPE="1").methods == {"predict", "send_feedback"}


def test_a_strict_type_that_is_none_is_refused() -> None:
    with pytest.raises(SettingInvalid, match="SERVICE_TYPE is 'ANYTHING'"):
        read(SERVICE_TYPE="ANYTHING", SELDON_STRICT_SERVICE_TYPE="1")


# The unit


def test_the_platform_says_who_the_component_is() -> None:
    unit = read(
        PREDICTIVE_UNIT_ID="classifier",
        PREDICTIVE_UNIT_IMAGE="iris:1",
        SELDON_DEPLOYMENT_ID="deployment",
        PREDICTOR_ID="main",
        PREDICTOR_LABELS='{"version": "v2", "other": 1}',
        INCLUDE_METRICS_IN_CLIENT_RESPONSE="False",
        SELDON_EXECUTOR_ENABLED="false",
        MODEL_METADATA="{}",
    ).unit

    assert (unit.id, unit.image, unit.deployment, unit.predictor, unit.predictor_version) == (
        *("classifier", "iris:1", "deployment", "main", "v2"),
    )
    assert (unit.metrics_in_answers, unit.counts_rewards, unit.metadata) == (False, False, "{}")
    assert (unit.routing_id, unit.path_image) == ("classifier", "iris:1")


def test_without_a_platform_the_unit_is_number_nought() -> None:
    unit = read().unit

    assert (unit.routing_id, unit.path_image) == ("0", "NOT_IMPLEMENTED:NOT_IMPLEMENTED")


@pytest.mark.parametrize("labels", ["", "{", "[]", "3", '{"other": 1}'])
def test_labels_that_cannot_be_read_are_a_label_less(labels: str) -> None:
    assert read(PREDICTOR_LABELS=labels).unit.predictor_version == ""


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"MODEL_NAME": "package.Iris"}, "Iris"),
        ({"PREDICTIVE_UNIT_ID": "unit"}, "unit"),
        ({"PREDICTIVE_UNIT_ID": "unit", "DEPLOYMENT_NAME": "deployment"}, "deployment"),
    ],
)
def test_the_name_in_paths_is_the_most_particular(variables: dict[str, str], name: str) -> None:
    assert read(**variables).unit.name == name


# Parameters


def test_parameters_have_the_types_that_they_name() -> None:
    text = """[
        {"name": "i", "value": "3", "type": "INT"}, {"name": "f", "value": "0.5", "type": "FLOAT"},
        {"name": "d", "value": "1", "type": "DOUBLE"}, {"name": "s", "value": "x", "type": "STRING"},
        {"name": "b", "value": "true", "type": "BOOL"}, {"name": "n", "value": "0", "type": "BOOL"},
        {"name": "j", "value": 4, "type": "INT"}, {"name": "t", "value": true, "type": "BOOL"}
    ]"""

    assert parameters_from(text) == {
        "i": 3,
        "f": 0.5,
        "d": 1.0,
        "s": "x",
        "b": True,
        "n": False,
        "j": 4,
        "t": True,
    }


@pytest.mark.parametrize("text", ["", " ", "[]"])
def test_there_need_be_no_parameters(text: str) -> None:
    assert parameters_from(text) == {}


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
        ('[{"name": "a", "value": "x", "type": []}]', "unknown type"),
    ],
)
def test_parameters_that_cannot_be_read_say_which(text: str, complaint: str) -> None:
    with pytest.raises(ParametersInvalid, match=complaint):
        parameters_from(text)
