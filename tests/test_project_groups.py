"""Groups and extras: none by default, those that are named, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.errors.projects import GroupUnknown, ProjectUnreadable

from .project_folders import lines, pyproject

GROUPS = """[project]
name = "x"
dependencies = ["numpy"]
[project.optional-dependencies]
gpu = ["cupy"]
[dependency-groups]
dev = ["pytest"]
Base_Group = ["toolz>=1"]
serve = [{ include-group = "base-group" }, "joblib"]
"""


def test_no_group_is_taken_by_default(tmp_path: Path) -> None:
    assert lines(pyproject(tmp_path, GROUPS)) == ["numpy"]


@pytest.mark.parametrize(
    ("groups", "taken"),
    [
        ("serve", ["numpy", "toolz>=1", "joblib"]),
        ("base_group", ["numpy", "toolz>=1"]),
        ("Serve,dev", ["numpy", "pytest", "toolz>=1", "joblib"]),
        ("base.group serve", ["numpy", "toolz>=1", "joblib"]),
    ],
)
def test_groups_are_taken_with_those_they_include(tmp_path: Path, groups: str, taken: list[str]) -> None:
    found = pyproject(tmp_path, GROUPS, SELDON_GROUPS=groups)

    assert lines(found) == taken
    assert "with the groups " in found.reason


def test_unknown_groups_and_extras_are_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(GroupUnknown) as caught:
        pyproject(tmp_path, GROUPS, SELDON_GROUPS="serv dev", SELDON_EXTRAS="cpu")

    assert caught.value.unknown == (("group", "serv"), ("extra", "cpu"))
    assert "group serv: there is base-group, dev, serve" in str(caught.value)
    assert "extra cpu: there is gpu" in str(caught.value)


def test_a_file_of_groups_alone_is_enough(tmp_path: Path) -> None:
    found = pyproject(tmp_path, '[dependency-groups]\nserve = ["toolz"]\n', SELDON_GROUPS="serve")

    assert [(item.line, item.build) for item in found.requirements] == [("toolz", "")]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('a = [{include-group = "b"}]\nb = [{include-group = "a"}]', "it includes itself: a -> b -> a"),
        ('a = [{include-group = "A"}]', "it includes itself: a -> a"),
        ('a = [{include-group = "c"}]', "it includes c, and there is no such group"),
        ('a = "numpy"', "it must be a list"),
        ("a = [3]", "3 is no requirement"),
        ('a = [{group = "b"}]', "is neither a requirement nor"),
        ('a = ["b c"]', "'b c'"),
        ("a = []\nA = []", "A is there twice"),
    ],
)
def test_a_bad_group_is_told(tmp_path: Path, table: str, reason: str) -> None:
    with pytest.raises(ProjectUnreadable) as caught:
        pyproject(tmp_path, f"[dependency-groups]\n{table}\n", SELDON_GROUPS="a")

    assert reason in str(caught.value)


def test_a_bad_group_that_nobody_asks_for_ends_no_build(tmp_path: Path) -> None:
    assert lines(pyproject(tmp_path, GROUPS + 'bad = ["a b"]\n')) == ["numpy"]


@pytest.mark.parametrize(
    "table",
    [
        '[tool.poetry.group.dev.dependencies]\npytest = "*"\n',
        '[tool.poetry.dev-dependencies]\npytest = "*"\n',
        '[tool.pdm.dev-dependencies]\ndev = ["pytest"]\n',
        '[tool.uv]\ndev-dependencies = ["pytest"]\n',
    ],
)
def test_groups_in_the_spelling_of_a_tool_are_groups(tmp_path: Path, table: str) -> None:
    text = '[project]\nname = "x"\n' + table

    assert lines(pyproject(tmp_path, text)) == []
    assert lines(pyproject(tmp_path, text, SELDON_GROUPS="dev")) == ["pytest"]


@pytest.mark.parametrize(("depth", "read"), [(90, ["toolz"]), (3000, None)])
def test_groups_include_each_other_to_some_depth(tmp_path: Path, depth: int, read: list[str] | None) -> None:
    table = "".join(f'g{n} = [{{include-group = "g{n + 1}"}}]\n' for n in range(depth))
    text = f'[dependency-groups]\n{table}g{depth} = ["toolz"]\n'
    if read:
        assert lines(pyproject(tmp_path, text, SELDON_GROUPS="g0")) == read
        return
    with pytest.raises(ProjectUnreadable, match="at most 100 deep"):
        pyproject(tmp_path, text, SELDON_GROUPS="g0")
