"""Which files of a model folder take part: what never does, and what ignore files leave out."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors.source import FileUnreadable, IgnoreRuleInvalid
from ..source import read_inside
from .project_toml import PROJECT_FILE, read_project

if TYPE_CHECKING:
    # It costs 30 ms or more, which only folders with ignore rules should pay.
    from pathspec import PathSpec, Pattern

S2I_FILE, DOCKER_FILE = ".s2iignore", ".dockerignore"
# At any depth: version control, virtual environments, caches and what editors leave behind.
NEVER_FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".s2i", ".venv", "venv", "__pycache__", ".ipynb_checkpoints", ".idea", ".vscode"}
    | {".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox"}
)
NEVER_FILES = frozenset(
    {".git", "pip.conf", "pip.ini", "uv.toml", ".netrc", "_netrc", ".DS_Store", "Thumbs.db"}
    # What only tools of packaging read, passwords of theirs for the most part.
    | {".pypirc", ".condarc", "condarc", "poetry.toml", "pdm.toml", ".pdm.toml"}
)
NEVER_ENDINGS = (".pyc", ".pyo", "~", ".swp", ".swo")
NEVER_PATTERNS = ("#*#", ".#*")
# At the top: local wheels are installed, not copied; service bindings are secrets.
NEVER_AT_TOP = frozenset({"whl", "wheels", "bindings"})


def never_packed(prefix: str, name: str, folder: Path | None) -> bool:
    """Tell whether ``name`` below ``prefix`` is never part of an image, whatever the rules say.

    ``folder`` is where a folder lies on this machine, None for anything else.
    """
    if folder is None:
        return (
            name in NEVER_FILES
            or name.endswith(NEVER_ENDINGS)
            or any(fnmatchcase(name, pattern) for pattern in NEVER_PATTERNS)
        )
    if not prefix and name in NEVER_AT_TOP:
        # A package of that name is the model's own code.
        return not _holds(folder, "__init__.py")
    if name in NEVER_FOLDERS or _holds(folder, "pyvenv.cfg"):
        return True
    return name.endswith(".oci") and _holds(folder, "oci-layout")


def _holds(folder: Path, name: str) -> bool:
    return os.path.exists(folder / name)  # noqa: PTH110  # a Path raises where the folder may not be read


@dataclass(frozen=True)
class Verdict:
    """The last pattern that matched a path or a folder above it, and what it says."""

    pattern: int = -1
    matched: bool = False


@dataclass(frozen=True)
class IgnoreRule:
    """The patterns of one file: what they match is left out, or with ``keeps`` what they do not match.

    The last pattern that matches a path or a folder above it wins, as Docker and pack have it; with
    ``whole_folders`` nothing below a folder that is left out comes back, as s2i has it.
    """

    origin: str
    spec: PathSpec[Pattern]
    keeps: bool = False
    whole_folders: bool = False

    def verdict(self, path: str, above: Verdict, *, is_folder: bool) -> Verdict:
        """Judge ``path``; ``above`` is the verdict of the folder that holds it."""
        found = self.spec.check_file(path + "/" if is_folder else path)
        if found.index is None or found.index < above.pattern:
            return above
        return Verdict(found.index, bool(found.include))

    def leaves_out(self, verdict: Verdict) -> bool:
        """Tell whether a path of this verdict is left out."""
        return verdict.matched != self.keeps

    @property
    def may_return(self) -> bool:
        """Tell whether something below a folder that is left out may take part all the same."""
        return self.keeps or (
            not self.whole_folders and any(pattern.include is False for pattern in self.spec.patterns)
        )


def ignore_rules(root: Path) -> tuple[IgnoreRule, ...]:
    """Read .s2iignore, .dockerignore and project.toml of ``root``; what one leaves out is out."""
    return tuple(_rules(root))


def _rules(root: Path) -> Iterator[IgnoreRule]:
    if (lines := _lines(root, S2I_FILE)) is not None:
        yield IgnoreRule(S2I_FILE, patterns_of(S2I_FILE, map(_anchored, lines)), whole_folders=True)
    if (lines := _lines(root, DOCKER_FILE)) is not None:
        yield IgnoreRule(DOCKER_FILE, patterns_of(DOCKER_FILE, map(_anchored, lines)))
    project = read_project(root)
    if project.include:
        yield IgnoreRule(PROJECT_FILE, patterns_of(PROJECT_FILE, project.include), keeps=True)
    if project.exclude:
        yield IgnoreRule(PROJECT_FILE, patterns_of(PROJECT_FILE, project.exclude))


def _lines(root: Path, name: str) -> list[str] | None:
    try:
        return read_inside(root, name).decode("utf-8-sig", "replace").splitlines()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileUnreadable([name], error.strerror or str(error)) from error


def _anchored(line: str) -> str:
    """Write a pattern of Docker or s2i, which begins at the root, as one of .gitignore.

    https://docs.docker.com/build/concepts/context/#dockerignore-files
    """
    if line.startswith("#"):
        return ""
    pattern = line.strip().removeprefix("!").strip()
    cleaned = posixpath.normpath(pattern.lstrip("/")) if pattern else "."
    if cleaned == ".":
        return ""
    # Git drops trailing blanks and lets a pattern begin with "!"; here both come after the slash.
    return ("!/" if line.lstrip().startswith("!") else "/") + cleaned


def patterns_of(origin: str, lines: Iterable[str]) -> PathSpec[Pattern]:
    """Compile patterns of .gitignore's kind; IgnoreRuleInvalid names the line of one that is none."""
    from pathspec import PathSpec

    patterns: list[Pattern] = []
    for number, line in enumerate(lines, 1):
        try:
            patterns.extend(PathSpec.from_lines("gitignore", [line]).patterns)
        except (ValueError, re.error) as error:
            from ..dependencies.url_credentials import masked

            raise IgnoreRuleInvalid(origin, number, masked(line)) from error
    return PathSpec(patterns)
