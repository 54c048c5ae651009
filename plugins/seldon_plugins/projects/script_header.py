"""Script headers (PEP 723): TOML in comments at the top of the model's module."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from seldon_builder.detection import Detection
from seldon_builder.errors import SeldonError
from seldon_builder.errors.projects import ProjectUnreadable
from seldon_builder.errors.resolution import BadLine
from seldon_builder.events import silent
from seldon_builder.inputs.model_classes import ModelCode
from seldon_builder.inputs.model_name import infer_model_name
from seldon_builder.package_index import PackageIndex
from seldon_builder.settings import Settings
from seldon_builder.source import Source
from seldon_builder.toml_text import NotToml, read_toml

from . import project_uv
from .project_files import ProjectFiles
from .project_lines import Lines

_OPENING = re.compile(r"# /// ([A-Za-z0-9-]+)")
_CLOSING, _COMMENT = "# ///", "#"
SCRIPT = "script"


def model_file(source: Source, settings: Settings) -> str:
    """Return the file of the model's module; "" where nothing of the source is the model."""
    try:
        name = infer_model_name(source, settings, silent)
    except SeldonError:
        # Whoever needs the model says so, and knows more: a base image may name it.
        return ""
    module = name.rpartition(".")[0] or name
    return ModelCode(source).paths.get(module, "")


def read_script(detection: Detection, source: Source) -> Detection:
    """Return ``detection`` with what the header of its file asks for."""
    path = detection.files[0]
    text = source.read(path).decode("utf-8-sig", "replace").replace("\r\n", "\n")
    table = _table(path, text)
    files = ProjectFiles(source, pyproject=table)
    lines = Lines(source, path, text)
    asked = lines.read(table.get("dependencies", []), "dependencies")
    python = table.get("requires-python", "")
    if not isinstance(python, str):
        lines.refuse("requires-python", "it must be a string")
        python = ""
    requires_python = lines.python(python, "requires-python") if python.strip() else ""
    constraints = project_uv.constraints(files, lines)
    requirements, index = project_uv.from_sources(files, asked, lines)
    index = index.merged(_indexes(files, lines))
    lines.check()
    return replace(
        detection,
        requirements=requirements,
        constraints=constraints,
        index=replace(index, credentials=tuple(lines.credentials)),
        requires_python=requires_python,
    )


def _indexes(files: ProjectFiles, lines: Lines) -> PackageIndex:
    """Read the indexes of the header, which nobody else reads: an explicit one serves its pins alone."""
    found = PackageIndex()
    for index in files.items("tool", "uv", "index"):
        if not isinstance(index, dict) or not isinstance(index.get("url"), str):
            lines.refuse("tool.uv.index", "each needs a url")
        elif not index.get("explicit"):
            url = lines.index_url(index["url"], "tool.uv.index")
            given = (
                PackageIndex(index_url=url) if index.get("default") else PackageIndex(extra_index_urls=(url,))
            )
            found = found.merged(given if url else PackageIndex())
    return found


def _table(path: str, text: str) -> Mapping[str, Any]:
    first, content = _block(path, text.split("\n"))
    try:
        return read_toml("\n".join(content))
    except NotToml as error:
        found = re.search(r"line (\d+)", str(error))
        number = first + int(found[1]) if found else first
        reason = re.sub(r" \(at line \d+, (column \d+)\)", r" (\1 of the comment's text)", str(error))
        raise _invalid(path, number, f"the script header cannot be read: {reason}") from error


def _block(path: str, lines: list[str]) -> tuple[int, list[str]]:
    """Return the number of the opening line and what stands between it and the closing one."""
    found: tuple[int, list[str]] | None = None
    number = 0
    while number < len(lines):
        opened = _OPENING.fullmatch(lines[number].rstrip())
        number += 1
        if not opened or opened[1] != SCRIPT:
            continue
        if found:
            raise _invalid(path, number, f"there is a second script header; the first is in line {found[0]}")
        first, comments = number, list[str]()
        while number < len(lines) and (lines[number] == _COMMENT or lines[number].startswith("# ")):
            comments.append(lines[number])
            number += 1
        # The last line of the kind closes it: the text itself may hold one.
        ends = [at for at, line in enumerate(comments) if line.rstrip() == _CLOSING]
        if not ends:
            raise _invalid(path, first, f"the script header is not closed: a line {_CLOSING!r} is missing")
        found = first, [line[2:] for line in comments[: ends[-1]]]
        number = first + ends[-1] + 1
    if not found:
        raise _invalid(path, 1, "the line '# /// script' must stand at the beginning of a line of its own")
    return found


def _invalid(path: str, number: int, reason: str) -> ProjectUnreadable:
    return ProjectUnreadable([BadLine(f"{path}:{number}", "", reason)])
