"""What can go wrong with what the user gave us: the folder, its rules and variables, the model in it.

Codes 70 to 75 continue 11 to 19, which were too few for one code per cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from . import SeldonError

_SHOWN = 10


def _listed(items: Sequence[str]) -> str:
    """One per line, the first ten of them."""
    lines = [f"  {item}" for item in items[:_SHOWN]]
    if len(items) > _SHOWN:
        lines.append(f"  ... and {len(items) - _SHOWN} more")
    return "\n".join(lines)


class SourceMissing(SeldonError):
    """The model folder is not there, or is no folder."""

    exit_code: ClassVar[int] = 11

    def __init__(self, folder: Path, found: str = "") -> None:
        super().__init__(
            f"{folder} is {found}, not a folder." if found else f"There is no folder {folder}.",
            hint="give the folder that holds the model's code, for example `examples/iris`",
        )
        self.folder = folder


class SourceEmpty(SeldonError):
    """The model folder holds no file that may take part."""

    exit_code: ClassVar[int] = 12

    def __init__(self, folder: Path, left_out: int = 0) -> None:
        if left_out:
            message = f"{folder} holds no file that may take part: all {left_out} paths in it are left out."
            hint = "look at .s2iignore, .dockerignore and project.toml; docs/source.md says what never does"
        else:
            message = f"{folder} holds no files."
            hint = "put a module with your component class there, for example Iris.py with class Iris"
        super().__init__(message, hint=hint)
        self.folder = folder
        self.left_out = left_out


class SymlinkLeavesSource(SeldonError):
    """Symbolic links point outside the model folder, where an image has nothing."""

    exit_code: ClassVar[int] = 13

    def __init__(self, links: Sequence[tuple[str, str]]) -> None:
        super().__init__(
            "Symbolic links lead out of the model folder, so they would be broken in the image:\n"
            + _listed([f"{link} -> {target}" for link, target in links]),
            hint="copy the targets into the folder (`cp -L`), make the links relative, "
            "or name the links in .dockerignore",
        )
        self.links = tuple(links)


class SpecialFile(SeldonError):
    """The model folder holds a pipe, socket or device."""

    exit_code: ClassVar[int] = 14

    def __init__(self, files: Sequence[tuple[str, str]]) -> None:
        super().__init__(
            "Only files, folders and symbolic links can be put into an image:\n"
            + _listed([f"{path} is a {kind}" for path, kind in files]),
            hint="remove them, or name them in .dockerignore",
        )
        self.files = tuple(files)


class FileNameNotText(SeldonError):
    """The name of a file, or the target of a link, is not UTF-8."""

    exit_code: ClassVar[int] = 15

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            "File names must be UTF-8 text (undecodable bytes are shown as \\xNN):\n" + _listed(names),
            hint="rename them, for example with `convmv -f latin1 -t utf8`, or name them in .dockerignore",
        )
        self.names = tuple(names)


class SettingInvalid(SeldonError):
    """Variables are malformed, or have values that cannot be."""

    exit_code: ClassVar[int] = 16

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(
            "These settings cannot be used:\n" + _listed(problems),
            hint="docs/settings.md tells what each may be; write KEY=VALUE, without `export` or quotes",
        )
        self.problems = tuple(problems)


class ModelNotRecognised(SeldonError):
    """No class of the source looks like a component."""

    exit_code: ClassVar[int] = 17

    def __init__(self, folder: Path, looked_at: Sequence[str], others: Sequence[str]) -> None:
        found = f"Looked at:\n{_listed(looked_at)}" if looked_at else "It has no .py file."
        if others:
            choices = " or ".join(f"-e MODEL_NAME={name}" for name in others[:3])
            hint = f"if one of these is the model, name it: {choices}"
        else:
            hint = (
                "write Iris.py with `class Iris` that has predict(self, X, features_names=None), "
                "or name the class with -e MODEL_NAME=module.Class"
            )
        super().__init__(f"No model class was found in {folder}. {found}", hint=hint)
        self.folder = folder
        self.looked_at = tuple(looked_at)
        self.others = tuple(others)


class SeveralModels(SeldonError):
    """More than one class could be the component."""

    exit_code: ClassVar[int] = 18

    def __init__(self, names: Sequence[tuple[str, str]]) -> None:
        super().__init__(
            "Several classes could be the model:\n" + _listed([f"{name} ({where})" for name, where in names]),
            hint=f"say which: -e MODEL_NAME={names[0][0]}, or MODEL_NAME={names[0][0]} in .s2i/environment",
        )
        self.names = tuple(name for name, _ in names)


class ModelClassMissing(SeldonError):
    """The module that MODEL_NAME names does not have its class."""

    exit_code: ClassVar[int] = 19

    def __init__(
        self, name: str, origin: str, module: str, found: Sequence[str], suggestion: str = ""
    ) -> None:
        wanted = name.rpartition(".")[2]
        there = f"It has: {', '.join(found[:_SHOWN])}." if found else "It defines no class."
        meant = suggestion.rpartition(".")[2]
        said = f"did you mean {meant}? " if meant != wanted else ""
        super().__init__(
            f"MODEL_NAME={name} ({origin}) asks for class {wanted}, which {module} does not have. {there}",
            hint=f"{said}say -e MODEL_NAME={suggestion}"
            if suggestion
            else f"add `class {wanted}` or correct MODEL_NAME",
        )
        self.name = name
        self.found = tuple(found)


class ModelModuleMissing(SeldonError):
    """The module that MODEL_NAME names is not in the source."""

    exit_code: ClassVar[int] = 70

    def __init__(self, name: str, origin: str, looked_for: Sequence[str], suggestions: Sequence[str]) -> None:
        super().__init__(
            f"MODEL_NAME={name} ({origin}) asks for a module that the source does not have. "
            f"Looked for {' and '.join(looked_for)}.",
            hint=f"did you mean {' or '.join(f'MODEL_NAME={one}' for one in suggestions[:3])}?"
            if suggestions
            else "MODEL_NAME is `Iris` for class Iris in Iris.py, or package.module.Class",
        )
        self.name = name
        self.suggestions = tuple(suggestions)


class ModelNotParsable(SeldonError):
    """The model's own module is not valid Python."""

    exit_code: ClassVar[int] = 71

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(
            f"{path}:{line}: the model's module is not valid Python: {reason}.",
            hint=f"correct it; `python -m py_compile {path}` shows the place",
        )
        self.path = path
        self.line = line


class ProjectInvalid(SeldonError):
    """project.toml is not TOML, or says what it may not."""

    exit_code: ClassVar[int] = 72

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} cannot be used: {reason}.",
            hint="docs/source.md and docs/settings.md show what project.toml may hold",
        )
        self.path = path
        self.reason = reason


class IgnoreRuleInvalid(SeldonError):
    """A line of an ignore file is no pattern."""

    exit_code: ClassVar[int] = 73

    def __init__(self, origin: str, line: int, pattern: str) -> None:
        super().__init__(
            f"{origin}:{line}: {pattern!r} is not a pattern.",
            hint="patterns are those of .gitignore: `*.csv`, `/data`, `!data/keep.csv`",
        )
        self.origin = origin
        self.line = line


class FileUnreadable(SeldonError):
    """Files of the source cannot be read by whoever builds."""

    exit_code: ClassVar[int] = 74

    def __init__(self, paths: Sequence[str], reason: str = "Permission denied") -> None:
        super().__init__(
            f"These cannot be read ({reason}):\n{_listed(paths)}",
            hint="`chmod -R u+rX` the model folder, or name them in .dockerignore",
        )
        self.paths = tuple(paths)


class FileChanged(SeldonError):
    """A file was written, replaced or removed while the image was made of it."""

    exit_code: ClassVar[int] = 75

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} changed while it was being read.",
            hint="build again when nothing writes to the model folder; nothing half-read was kept",
        )
        self.path = path
