"""Typed reading of environment variables; what cannot be used is a SettingInvalid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from .errors import SettingInvalid

Number = TypeVar("Number", int, float)
TRUE, FALSE = ("y", "yes", "t", "true", "on", "1"), ("n", "no", "f", "false", "off", "0")


def whole(variables: Mapping[str, str], name: str, default: int, *, low: int = 0, high: int = 1 << 40) -> int:
    """Read a whole number from ``low`` to ``high``; ``default`` where the variable is unset or empty."""
    return _number(variables, name, default, low, high, int)


def seconds(variables: Mapping[str, str], name: str, default: float, *, high: float = 86400.0) -> float:
    """Read a duration in seconds, fractions allowed."""
    return _number(variables, name, default, 0.0, high, float)


def _number(
    variables: Mapping[str, str],
    name: str,
    default: Number,
    low: Number,
    high: Number,
    read: Callable[[str], Number],
) -> Number:
    text = variables.get(name, "").strip()
    try:
        number = read(text) if text else default
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise SettingInvalid(name, text, f"a number from {low:g} to {high:g}")
    return number


def boolean(variables: Mapping[str, str], name: str, default: bool = False) -> bool:
    """Read a yes or no: 1, true, t, yes, y, on and their opposites, in upper or lower case."""
    text = variables.get(name, "").strip()
    if not text:
        return default
    if text.lower() not in (*TRUE, *FALSE):
        raise SettingInvalid(name, text, "1 or 0, true or false")
    return text.lower() in TRUE


def choice(variables: Mapping[str, str], name: str, default: str, choices: Sequence[str]) -> str:
    """Read one of ``choices``, which are in upper case; the variable's case does not matter."""
    text = variables.get(name, "").strip()
    if text and text.upper() not in choices:
        raise SettingInvalid(name, text, f"one of {', '.join(choices)}")
    return text.upper() or default
