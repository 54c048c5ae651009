"""Variables as people write them: KEY=VALUE, in files, options and folders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# What Kubernetes accepts as the name of a variable.
_NAME = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Said:
    """One variable as it was given: ``origin`` is ``file:line`` or the name of the option."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True)
class Problem:
    """What is wrong with a line, told without showing its value: it may be a secret."""

    origin: str
    reason: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.reason}"


Reading = Said | Problem


def from_lines(text: str, origin: str) -> Iterator[Reading]:
    """Read an environment file as s2i does: comments begin a line, values are taken as they stand."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield from_pair(line, f"{origin}:{number}")


def from_pair(pair: str, origin: str) -> Reading:
    """Read one KEY=VALUE; blanks around key and value do not count."""
    name, equals, value = pair.partition("=")
    if not equals:
        return Problem(origin, "there is no `=`; write KEY=VALUE")
    return from_name(name.strip(), value.strip(), origin)


def from_name(name: str, value: str, origin: str) -> Reading:
    """Check that ``name`` can be a variable and ``value`` can be its value."""
    if not _NAME.fullmatch(name):
        return Problem(origin, f"{_harmless(name)} cannot be the name of a variable")
    if "\0" in value:
        return Problem(origin, f"the value of {name} has a NUL character")
    return Said(name, value, origin)


def from_file(path: Path, origin: str) -> Iterator[Reading]:
    """Read a file of KEY=VALUE lines that the user named."""
    text = _text(path, origin)
    if isinstance(text, Problem):
        yield text
    else:
        yield from from_lines(text, origin)


def from_folder(folder: Path, origin: str) -> Iterator[Reading]:
    """Read a folder with one file per variable, as CNB platforms and Kubernetes volumes make them."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".."))
    except OSError as error:
        yield Problem(f"{origin} {folder}", error.strerror or str(error))
        return
    for path in paths:
        text = _text(path, origin)
        # Editors and `echo` end a file with a newline that nobody means.
        yield text if isinstance(text, Problem) else from_name(path.name, text.removesuffix("\n"), origin)


def from_options(options: Sequence[str], origin: str) -> Iterator[Reading]:
    """Read the KEY=VALUE options of a command line; the later of two wins."""
    for option in options:
        name, equals, value = option.partition("=")
        yield (
            from_name(name, value, origin)
            if equals
            else Problem(origin, f"{_harmless(name)} has no `=`; write KEY=VALUE")
        )


def _text(path: Path, origin: str) -> str | Problem:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return Problem(f"{origin} {path}", "is not UTF-8 text")
    except OSError as error:
        return Problem(f"{origin} {path}", error.strerror or str(error))


def _harmless(name: str) -> str:
    """Quote what should have been a name, unless it might be a URL or another thing with a secret in it."""
    return repr(name) if re.fullmatch(r"[\w .-]{0,40}", name) else "what stands before `=`"
