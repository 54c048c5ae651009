"""What may be asked of a package, in all of conda's spellings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from seldon_builder.errors.conda import CondaNotInstalled, PythonOutOfRange
from seldon_builder.target import SUPPORTED_PYTHONS

from .channels import ChannelInvalid, Channels
from .environment import Spec

if TYPE_CHECKING:
    from rattler import MatchSpec

# What most specs are; anything else is for conda's own grammar, which takes 0.1 s to be imported.
_VERSION = r"[0-9][0-9A-Za-z._]*(?:\.\*)?"
_PLAIN = re.compile(
    rf"[A-Za-z0-9_][A-Za-z0-9_.-]*(?: ?(?:==?|>=|<=|>|<|!=) ?{_VERSION}(?:,(?:==?|>=|<=|>|<|!=){_VERSION})*)?"
)
_PYTHON = re.compile(r"python ?==? ?(3\.\d+)(?:\.\d+|\.\*)*")
_CHANNEL = re.compile(r"""(?P<channel>.+?)::(?P<rest>[A-Za-z0-9_].*)""")
_BRACKET = re.compile(r"""[\[,]\s*channel\s*=\s*["']?(?P<channel>[^\]"',]+)["']?\s*(?=[\],])""")
_PATCHES = range(60)


class SpecInvalid(ValueError):
    """A spec is none; the message says why."""


def read_spec(text: str, origin: str, channels: Channels, selector: str = "") -> tuple[Spec, ...]:
    """Read what one line asks for; a channel of several places makes the same of the first of them."""
    text = text.strip()
    found = _CHANNEL.fullmatch(text)
    channel = found["channel"] if found else ""
    rest = found["rest"] if found else text
    if bracket := _BRACKET.search(rest):
        channel, rest = bracket["channel"], _without(rest, bracket)
    spec = Spec(" ".join(rest.split()), origin, selector=selector)
    if not _PLAIN.fullmatch(spec.text):
        match_spec(spec)
    if not channel:
        return (spec,)
    try:
        return tuple(replace(spec, channel=place) for place in channels.named(channel)[:1])
    except ChannelInvalid as error:
        raise SpecInvalid(str(error)) from error


def match_spec(spec: Spec) -> MatchSpec:
    """Return what the solver knows a spec as; SpecInvalid where it is none."""
    try:
        from rattler import Channel, MatchSpec
        from rattler.exceptions import InvalidMatchSpecError
    except ImportError as error:
        raise CondaNotInstalled("py-rattler") from error
    place = ""
    if spec.channel:
        place = (spec.channel.url or Channel(spec.channel.name).base_url.rstrip("/")) + "::"
    try:
        return MatchSpec(f"{place}{spec.text}")
    except (InvalidMatchSpecError, ValueError) as error:
        raise SpecInvalid(str(error)) from error


def pythons_of(specs: Iterable[Spec]) -> tuple[str, ...]:
    """Return the minor versions of Python, of those that images run, that ``specs`` allow.

    PythonOutOfRange where there is none.
    """
    allowed: tuple[str, ...] = SUPPORTED_PYTHONS
    for spec in specs:
        if spec.name == "python":
            left = tuple(minor for minor in allowed if _allows(spec, minor))
            if not left:
                raise PythonOutOfRange(spec.text, spec.origin, SUPPORTED_PYTHONS)
            allowed = left
    return allowed


def names_python(specs: Iterable[Spec]) -> bool:
    """Tell whether the version of Python is the environment's choice."""
    return any(spec.name == "python" and spec.text.lower() != "python" for spec in specs)


def between(pythons: Sequence[str]) -> str:
    """Return the spec of a Python from the first to the last of ``pythons``."""
    last = int(pythons[-1].partition(".")[2])
    return f"python >={pythons[0]},<3.{last + 1}.0a0"


def _allows(spec: Spec, minor: str) -> bool:
    if plain := _PYTHON.fullmatch(spec.text):
        return plain[1] == minor
    if spec.text.lower() == "python":
        return True
    from rattler import Version, VersionSpec

    version = match_spec(spec).version
    if version is None:
        return True
    wanted = VersionSpec(version)
    return any(wanted.matches(Version(f"{minor}.{patch}")) for patch in _PATCHES)


def _without(text: str, found: re.Match[str]) -> str:
    before, after = text[: found.start()], text[found.end() :]
    if found[0].startswith("["):
        return before if after == "]" else f"{before}[{after.removeprefix(',').strip()}"
    return before + after
