"""Say in words why a build failed, by the last that it printed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors.building import OWN_WHEEL, BuildFailed
from .isolation import Ran

ANOTHER = "ask for another version of it, or take another Python (--python); or where its code is yours, "
# What setuptools says of a folder that names no modules beside folders such as data/ and model/.
SEVERAL_MODULES = re.compile(r"Multiple top-level (?:packages|modules) discovered in a flat-layout")
_LINES, _WIDTH = 25, 300
_KILLED = 137
_FOREIGN = re.compile(r'  File "(?:/mnt/seldon/(?:worker\.py|env/)|/usr/lib/|<frozen )')


@dataclass(frozen=True)
class _Reason:
    """What output tells it, what happened, and the way out; groups of the pattern stand in both."""

    pattern: re.Pattern[str]
    happened: str
    hint: str
    is_of_code: bool


_COMPILER = (
    r"(?:[\w-]*-)?(?:gcc|g\+\+|cc|c\+\+|clang|gfortran|cargo|rustc|cmake|ninja|swig|nvcc|pkg-config|make)"
)
_FEWER, _ROOM = "let it start fewer", "make room, or move the store (--store)"
_OF_MACHINES = (_FEWER, _ROOM)
# The first that fits is told.
_REASONS = tuple(
    _Reason(re.compile(pattern, re.MULTILINE), happened, hint, hint not in _OF_MACHINES)
    for pattern, happened, hint in (
        (
            r"EOFError: EOF when reading a line",
            "it asks for input, and nobody is there to answer",
            "let it take its defaults where it reads no input",
        ),
        (
            r"Temporary failure in name resolution|Name or service not known|Network is unreachable"
            r"|Connection refused|URLError|NewConnectionError|Could not resolve host|ConnectionRefusedError",
            "it tries to reach the network, which nothing that builds may",
            "put what it downloads into the source, or name it in [build-system] requires",
        ),
        (
            r"fatal error: (\S+): No such file or directory",
            "the header {0} is missing",
            "it belongs to a library that the build image lacks: " + OWN_WHEEL,
        ),
        (
            r"cannot find -l(\S+?):? ",
            "the library {0} is missing",
            "the build image lacks it: " + OWN_WHEEL,
        ),
        (
            rf"(?:command |unable to execute |error: |No such file or directory: |can't find |find )"
            rf"['\"`]?({_COMPILER})['\"`]?(?: failed:? No such file| failed: command not found"
            r"|: No such file|: command not found|: not found| is not installed| \(or|$)",
            "it needs the program {0}, which the build image lacks",
            "the build image has gcc, g++ and make; what comes as a wheel (cmake, ninja) can be named in "
            "[build-system] requires; or " + OWN_WHEEL,
        ),
        (
            r"No such file or directory: '([\w+.-]+)'$",
            "it looks for {0}, which is not there",
            "a program must be in the build image, a file in the source (ignore files may leave it out)",
        ),
        (
            r"setuptools-scm was unable to detect version",
            "it takes its version from git, and .git never takes part",
            "write the version into pyproject.toml, or " + OWN_WHEEL,
        ),
        (
            r"ModuleNotFoundError: No module named '([\w.]+)'",
            "it imports {0}, which is neither in it nor among what it says it needs to be built",
            "name it in [build-system] requires of pyproject.toml (pkg_resources is in setuptools<81)",
        ),
        (
            r"No distribution was found\. Ensure that `setup\.py`",
            "its setup.py ended before it called setup()",
            "let setup.py always call setup()",
        ),
        (r"File too large$", "it makes a file of more than 8 GiB", "let it write less"),
        (
            r"Resource temporarily unavailable|can't start new thread|Cannot fork",
            "it starts too many processes and threads",
            _FEWER,
        ),
        (r"No space left on device", "the disk is full", _ROOM),
    )
)


def failure(package: str, ran: Ran, seconds: float, *, is_archive: bool = False) -> BuildFailed:
    """Make the error of a build that did not end as it should; nobody edits an archive to make it end."""
    output = "\n".join(line[:_WIDTH] for line in _own_lines(ran.output)[-_LINES:])
    happened, hint = _told(ran, seconds, ANOTHER if is_archive else "")
    return BuildFailed(package, happened, output, hint=hint)


def _own_lines(output: str) -> list[str]:
    """Leave out what tracebacks tell of those who called the package's own code."""
    lines, is_foreign = list[str](), False
    for line in output.splitlines():
        if line.startswith('  File "'):
            is_foreign = bool(_FOREIGN.match(line))
        elif not line.startswith("    "):
            is_foreign = False
        if not is_foreign:
            lines.append(line)
    return lines


def _told(ran: Ran, seconds: float, another: str) -> tuple[str, str]:
    if ran.is_overdue:
        limit = f"{seconds / 60:g} minutes" if seconds >= 60 else f"{seconds:g} seconds"
        return (
            f"it had not ended after {limit}",
            f"give it longer with SELDON_BUILD_MINUTES if it only needs more time; or {OWN_WHEEL}",
        )
    if ran.is_filling:
        return "it was filling the disk", f"let it write less; or {_ROOM}"
    for reason in _REASONS:
        if found := re.search(reason.pattern, ran.output):
            hint = f"{another}{reason.hint}" if reason.is_of_code else reason.hint
            return reason.happened.format(*found.groups()), hint
    if ran.status == _KILLED:
        return "it was killed, as happens where memory ends", f"give the machine more memory; or {OWN_WHEEL}"
    if not ran.status:
        return (
            "its code ended Python itself (status 0) before it was done",
            f"{another}do not let setup.py call exit",
        )
    return f"its code ended with status {ran.status}", f"{another}correct it; or {OWN_WHEEL}"
