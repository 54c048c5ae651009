"""The variables of an image, read once and typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from .errors import ModelNameInvalid, ParametersInvalid, SettingInvalid

Value = TypeVar("Value")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# Megabytes of JSON become many times as much memory: enough for a batch of images, not for the whole node.
LARGEST_BODY = 128 << 20
TRUE, FALSE = ("y", "yes", "t", "true", "on", "1"), ("n", "no", "f", "false", "off", "0")


@dataclass(frozen=True)
class ServerSettings:
    """What to serve, from which folder, and how.

    ``parameters`` are the constructor's arguments; ``threads`` how many predictions run at once; ``grace``
    the seconds from the signal to stop until the process is gone; ``largest_body`` the bytes of a request.
    """

    model_name: str
    folder: Path
    parameters: Mapping[str, object] = field(default_factory=dict)
    host: str = "0.0.0.0"  # noqa: S104 - a container is reached from outside
    http_port: int = 9000
    threads: int = 1
    grace: float = 20.0
    largest_body: int = LARGEST_BODY
    log_level: str = "INFO"


def settings_from(variables: Mapping[str, str], folder: Path) -> ServerSettings:
    """Read ``variables``; the folder is where the model's module lies."""
    name = variables.get("MODEL_NAME", "").strip()
    if not all(part.isidentifier() for part in name.split(".")):
        raise ModelNameInvalid(name)
    legacy = _number(variables, "PREDICTIVE_UNIT_SERVICE_PORT", 9000, 0, 65535)
    return ServerSettings(
        model_name=name,
        folder=folder,
        parameters=parameters_from(variables.get("PREDICTIVE_UNIT_PARAMETERS", "")),
        http_port=int(_number(variables, "PREDICTIVE_UNIT_HTTP_SERVICE_PORT", legacy, 0, 65535)),
        threads=int(_number(variables, "GUNICORN_THREADS", 1, 1, 1024)),
        grace=_number(variables, "SELDON_GRACE_SECONDS", 20.0, 0, 86400),
        largest_body=int(_number(variables, "SELDON_MAX_BODY_BYTES", LARGEST_BODY, 1, 1 << 40)),
        log_level=_log_level(variables.get("SELDON_LOG_LEVEL", "")),
    )


def _number(variables: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    text = variables.get(name, "").strip()
    read: Callable[[str], float] = float if isinstance(default, float) else int
    try:
        number = read(text) if text else default
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise SettingInvalid(name, text, f"a number from {low:g} to {high:g}")
    return number


def _log_level(text: str) -> str:
    level = text.strip().upper() or "INFO"
    if level not in LOG_LEVELS:
        raise SettingInvalid("SELDON_LOG_LEVEL", text, f"one of {', '.join(LOG_LEVELS)}")
    return level


def parameters_from(text: str) -> dict[str, object]:
    """Read the constructor's arguments from PREDICTIVE_UNIT_PARAMETERS."""
    if not text.strip():
        return {}
    try:
        items = json.loads(text)
    except ValueError as error:
        raise ParametersInvalid(f"it is not JSON ({error})") from error
    if not isinstance(items, list):
        raise ParametersInvalid("it is not a list")
    return dict(_parameter(item) for item in items)


def _parameter(item: object) -> tuple[str, object]:
    if not isinstance(item, dict) or not {"name", "value", "type"} <= item.keys():
        raise ParametersInvalid(f"{json.dumps(item)} lacks one of name, value and type")
    name, value, kind = str(item["name"]), item["value"], str(item["type"])
    read = PARAMETER_TYPES.get(kind)
    if read is None:
        raise ParametersInvalid(f"{name} has the unknown type {kind!r}")
    try:
        return name, read(value)
    except (ValueError, TypeError) as error:
        raise ParametersInvalid(f"{name} is {value!r}, which is no {kind}") from error


def _boolean(value: object) -> bool:
    text = str(value).lower()
    if text not in (*TRUE, *FALSE):
        raise ValueError(text)
    return text in TRUE


PARAMETER_TYPES: Mapping[str, Callable[..., object]] = {
    "INT": int,
    "FLOAT": float,
    "DOUBLE": float,
    "STRING": str,
    "BOOL": _boolean,
}
