"""Ignore files mean what they mean to the tools that they come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.errors.source import IgnoreRuleInvalid, ProjectInvalid
from seldon_builder.events import silent
from seldon_builder.inputs.source_reading import read_source

FILES = [
    "Iris.py", "README.md", "data/a.csv", "data/keep.csv", "data/sub/b.csv", "docs/README.md",
    "logs/x.log", "deep/er/x.log", "notes.txt",
]  # fmt: skip


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def left_out(model: Path) -> set[str]:
    kept = {str(file.path) for file in read_source(model, silent).files}
    return set(FILES) - kept


DOCKER = [
    ("*.md", {"README.md"}),
    ("**/*.md", {"README.md", "docs/README.md"}),
    ("data", {"data/a.csv", "data/keep.csv", "data/sub/b.csv"}),
    ("/data/", {"data/a.csv", "data/keep.csv", "data/sub/b.csv"}),
    ("data/*\n!data/keep.csv", {"data/a.csv", "data/sub/b.csv"}),
    ("data\n!data/keep.csv", {"data/a.csv", "data/sub/b.csv"}),
    ("!data/keep.csv\ndata", {"data/a.csv", "data/keep.csv", "data/sub/b.csv"}),
    ("# *.md\n\n  notes.txt  ", {"notes.txt"}),
    ("**/x.log", {"logs/x.log", "deep/er/x.log"}),
    ("deep/**/x.log", {"deep/er/x.log"}),
    ("note?.t[a-z]t", {"notes.txt"}),
    ("*\n!*.py\n!data\ndata/sub", {*FILES} - {"Iris.py", "data/a.csv", "data/keep.csv"}),
    ("./notes.txt", {"notes.txt"}),
]


@pytest.mark.parametrize(("rules", "expected"), DOCKER)
def test_dockerignore_begins_at_the_root_and_its_last_match_wins(
    model: Path, rules: str, expected: set[str]
) -> None:
    (model / ".dockerignore").write_text(rules + "\n")

    assert left_out(model) == expected


S2I = [
    ("*.md", {"README.md"}),
    ("data/*\n!data/keep.csv", {"data/a.csv", "data/sub/b.csv"}),
    # s2i removes the folder, and nothing in it comes back.
    ("data\n!data/keep.csv", {"data/a.csv", "data/keep.csv", "data/sub/b.csv"}),
    ("#*\nnotes.txt\n", {"notes.txt"}),
]


@pytest.mark.parametrize(("rules", "expected"), S2I)
def test_s2iignore_takes_whole_folders(model: Path, rules: str, expected: set[str]) -> None:
    (model / ".s2iignore").write_text(rules)

    assert left_out(model) == expected


PROJECT = [
    ('exclude = ["*.md"]', {"README.md", "docs/README.md"}),
    ('exclude = ["/data/*", "!/data/keep.csv"]', {"data/a.csv", "data/sub/b.csv"}),
    ('include = ["*.py", "/data/"]', {*FILES} - {"Iris.py", "data/a.csv", "data/keep.csv", "data/sub/b.csv"}),
]


@pytest.mark.parametrize(("line", "expected"), PROJECT)
def test_project_toml_matches_as_gitignore_does(model: Path, line: str, expected: set[str]) -> None:
    (model / "project.toml").write_text(f'[_]\nschema-version = "0.2"\n[io.buildpacks]\n{line}\n')

    assert left_out(model) == expected


def test_every_rule_file_counts(model: Path) -> None:
    (model / ".s2iignore").write_text("notes.txt\n!README.md\n")
    (model / ".dockerignore").write_text("README.md\n")

    assert left_out(model) == {"notes.txt", "README.md"}


def test_include_and_exclude_together_are_an_error(model: Path) -> None:
    (model / "project.toml").write_text('[io.buildpacks]\ninclude = ["*.py"]\nexclude = ["*.md"]\n')

    with pytest.raises(ProjectInvalid, match="include and exclude"):
        read_source(model, silent)


def test_a_line_that_is_no_pattern_is_named(model: Path) -> None:
    (model / ".dockerignore").write_text("*.md\n[z-a]\n")

    with pytest.raises(IgnoreRuleInvalid) as raised:
        read_source(model, silent)
    assert (raised.value.origin, raised.value.line) == (".dockerignore", 2)
