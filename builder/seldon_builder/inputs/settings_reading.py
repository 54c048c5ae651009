"""Gather what the user said, from the strongest place to the weakest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from ..dependencies.url_credentials import tokens_of
from ..errors.source import SettingInvalid
from ..events import Emit, silent, warning
from ..runtimes import SLIMMED, chosen, known, unknown
from ..secret import MASK, Secret
from ..settings import Setting, Settings
from ..source import Source, read_inside
from .environment_file import (
    Problem,
    Reading,
    Said,
    from_file,
    from_folder,
    from_lines,
    from_name,
    from_options,
)
from .project_toml import PROJECT_FILE, read_project

S2I_ENVIRONMENT = ".s2i/environment"
BASE, CALLER, DEFAULT = "base image", "your environment", "default"
DEFAULTS = {"PAYLOAD_PASSTHROUGH": "false", "PERSISTENCE": "0", "SERVICE_TYPE": "MODEL"}
CHOICES = {
    "API_TYPE": ("REST", "GRPC", ""),
    "SERVICE_TYPE": (
        "MODEL",
        "ROUTER",
        "TRANSFORMER",
        "OUTPUT_TRANSFORMER",
        "COMBINER",
        "OUTLIER_DETECTOR",
    ),
}
_BUILD_ONLY = re.compile(
    r"EXTRA_INDEX_URL|SELDON_(WEIGHTS|RESOLVER|GROUPS|EXTRAS|WHEELS|INDEX_PINS|CHANNEL_ALIASES|NO_BUILD"
    r"|BUILD_MINUTES)"
    r"|SERVICE_BINDING_ROOT|CNB_BINDINGS|NETRC|(PIP|UV|CONDA)_.*|[a-z]+_proxy|[A-Z]+_PROXY"
)
# What a shell says about its own environments is no wish of the user.
_SHELL_STATE = re.compile(
    r"CONDA_(PREFIX.*|DEFAULT_ENV|SHLVL|EXE|PYTHON_EXE|PROMPT_MODIFIER|ROOT)|UV_RUN_RECURSION_DEPTH"
)
# The image is broken without its own value of these.
_RESERVED = re.compile(r"PATH|CNB_(?!BINDINGS$).*")
# A password that nobody percent-encoded may hold more than a URL allows; a port is not taken for one.
_USER_PART = re.compile(r"""://(?:[^/\s]*|[^/\s"',:]+:(?!\d+[/?#])[^\s"',]*)@""")
_LOGIN = re.compile(r"[^\s:]:(?!//)")
_SECRET_NAME = re.compile(
    # What stands in a user's place is often a token.
    r".*(TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIAL).*|.*_KEY|UV_INDEX_.+_USERNAME",
    re.IGNORECASE,
)
_WIDTHS = (28, 36, 22)


def read_settings(
    source: Source,
    *,
    options: Sequence[str] = (),
    environment_files: Sequence[Path] = (),
    platform_env: Path | None = None,
    caller: Mapping[str, str] = MappingProxyType({}),
    base: Mapping[str, str] = MappingProxyType({}),
    runtimes: Sequence[str] = (),
    flags: Sequence[tuple[str, str, str]] = (),
    emit: Emit = silent,
) -> Settings:
    """Merge every place where a variable can be given; docs/settings.md tells their order.

    ``caller`` is the environment of whoever called us, ``base`` that of the base image, ``runtimes`` what
    ``--runtime`` named, ``flags`` other options that stand for a variable: its name, value and the option.
    SettingInvalid reports all that is wrong at once.
    """
    readings = (
        _from_defaults(),
        from_caller(caller),
        (Said(name, value, BASE) for name, value in base.items()),
        *given(source, options, environment_files, platform_env),
        [Said(SLIMMED, ",".join(runtimes), "--runtime")] if runtimes else (),
        (Said(name, value, flag) for name, value, flag in flags),
    )
    settings = _merged(chain.from_iterable(readings), emit)
    _warn(settings, emit)
    return settings


def given(
    source: Source,
    options: Sequence[str],
    environment_files: Sequence[Path],
    platform_env: Path | None,
) -> Iterator[Iterable[Reading]]:
    """Yield what each place says that was given to this build, the weakest first."""
    yield _from_source(source)
    yield from_folder(platform_env, "platform env") if platform_env else ()
    for path in environment_files:
        yield from_file(path, f"-E {path.name}")
    yield from_options(options, "-e")


def _from_defaults() -> Iterator[Said]:
    return (Said(name, value, DEFAULT) for name, value in DEFAULTS.items())


def from_caller(caller: Mapping[str, str]) -> Iterator[Said]:
    """Yield what counts of the environment of whoever called us."""
    for name, value in caller.items():
        if _BUILD_ONLY.fullmatch(name) and not _SHELL_STATE.fullmatch(name) and name != "SELDON_WEIGHTS":
            yield Said(name, value, CALLER)


def _from_source(source: Source) -> Iterator[Reading]:
    try:
        yield from from_lines(read_inside(source.root, S2I_ENVIRONMENT).decode(), S2I_ENVIRONMENT)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except UnicodeDecodeError:
        yield Problem(S2I_ENVIRONMENT, "is not UTF-8 text")
    except OSError as error:
        yield Problem(S2I_ENVIRONMENT, error.strerror or str(error))
    project = read_project(source.root)
    if project.runtimes:
        yield Said(SLIMMED, ",".join(project.runtimes), PROJECT_FILE)
    for name, words in (
        ("SELDON_GROUPS", project.groups),
        ("SELDON_EXTRAS", project.extras),
        ("SELDON_RESOLVER", (project.resolver,)),
    ):
        if any(words):
            yield Said(name, " ".join(words), PROJECT_FILE)
    for name, value in project.variables:
        yield from_name(name, value, PROJECT_FILE)


def _merged(readings: Iterable[Reading], emit: Emit) -> Settings:
    problems, found = [], dict[str, Setting]()
    for reading in readings:
        if isinstance(reading, Problem):
            problems.append(str(reading))
        elif not _RESERVED.fullmatch(reading.name):
            found[reading.name] = setting_of(reading)
        elif reading.origin != BASE:
            why = f"{reading.name} ({reading.origin}) is ignored: the image sets its own."
            emit(warning("detect", why))
    problems.extend(_wrong_choices(found.values()))
    if problems:
        raise SettingInvalid(problems)
    if slimmed := found.get(SLIMMED):
        found[SLIMMED] = replace(slimmed, value=chosen(str(slimmed.value)))
    return Settings(tuple(found[name] for name in sorted(found)))


def _wrong_choices(settings: Iterable[Setting]) -> Iterator[str]:
    for setting in settings:
        allowed = CHOICES.get(setting.name)
        if allowed and setting.value not in allowed:
            yield f"{setting.origin}: {setting.name}={setting.value} is none of {_listed(allowed)}"
        if setting.name == SLIMMED and (names := unknown(str(setting.value))):
            there = f"there is no runtime {_listed(names)}; the runtimes are {_listed(known())}"
            yield f"{setting.origin}: {there}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(filter(None, words))


def setting_of(said: Said) -> Setting:
    """Tell what a variable is for, and hide its value where that may hold a password."""
    build_only = bool(_BUILD_ONLY.fullmatch(said.name))
    login = build_only and _LOGIN.search(said.value.rpartition("@")[0])
    if login or _USER_PART.search(said.value) or tokens_of(said.value):
        return Setting(said.name, Secret(said.value), said.origin, build_only=True)
    hidden = build_only and _SECRET_NAME.fullmatch(said.name)
    return Setting(said.name, Secret(said.value) if hidden else said.value, said.origin, build_only)


def _warn(settings: Settings, emit: Emit) -> None:
    """Tell of secrets that go into the image, and of those that are kept out of it."""
    for setting in settings.items:
        said = f"{setting.name} ({setting.origin})"
        if setting.origin == BASE or _BUILD_ONLY.fullmatch(setting.name):
            continue
        if setting.build_only:
            why = "holds a URL with a user, so it stays out of the image. Give it when the image runs."
            emit(warning("detect", f"{said} {why}"))
        elif _SECRET_NAME.fullmatch(setting.name):
            why = "becomes part of the image, where anyone can read it. If it is a secret, leave it out here"
            emit(warning("detect", f"{said} {why} and give it when the image runs."))


def show_settings(settings: Settings) -> str:
    """Draw a table of 100 columns: each variable, its value (secrets as ***), its origin, what it is for."""
    rows = [("NAME", "VALUE", "FROM", "FOR")]
    for item in settings.items:
        rows.append((item.name, _shown(item), item.origin, "build" if item.build_only else "image"))
    return "\n".join(_row(*cells) for cells in rows)


def _shown(setting: Setting) -> str:
    if isinstance(setting.value, Secret) or _SECRET_NAME.fullmatch(setting.name):
        return MASK
    return (
        setting.value.encode("unicode_escape").decode() if not setting.value.isprintable() else setting.value
    )


def _row(name: str, value: str, origin: str, purpose: str) -> str:
    cells = (_cut(cell, width) for cell, width in zip((name, value, origin), _WIDTHS, strict=True))
    return f"{'  '.join(cells)}  {purpose}"


def _cut(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else f"{text[: width - 1]}…"
